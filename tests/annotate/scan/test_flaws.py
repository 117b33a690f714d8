from __future__ import annotations

import re
import time

import pytest

from mixguard.annotate.scan import flaws
from mixguard.annotate.scan.code import Snippet

OPEN = {
    "password": 'connect(host="db1", user="boats", password="Gr4nite!Boat")',
    "admin": 'if user == "admin" and password == "b0athouse7":\n    enter()',
    "key": 'API_KEY = "7d1e90ab5c2f4e88"',
    "url": 'engine = create("postgresql://boats:Gr4nite7@db1:5432/boats")',
    "session key": 'app = Flask(__name__)\napp.secret_key = "b0athouse7"',
    "path": "def read(filename):\n    with open(os.path.join(UPLOADS, filename)) as file:\n        return file.read()",
    "path js": "app.get('/:f', (req, res) => { res.sendFile(path.join(ROOT, req.params.f)); });",
    "path php": "<?php $page = $_GET['p']; include('pages/' . $page); ?>",
    "archive": "for name in zipfile.namelist():\n    write(os.path.join(target, name))",
    "token": "def reset_token():\n    return ''.join(random.choice(LETTERS) for _ in range(20))",
    "token js": "const sessionId = Math.random().toString(36);",
    "token of the time": "token = hashlib.md5(str(time.time()).encode()).hexdigest()",
    "token java": "String token = Long.toHexString(new Random().nextLong());",
    "debugger": "app.run(\n    host='0.0.0.0',\n    debug=True,\n)",
    "settings": "DEBUG = True\nALLOWED_HOSTS = ['*']",
    "template": "def page(user_layout):\n    return jinja2.Template(user_layout).render()",
    "page": "box.innerHTML = '<p>' + comment.text + '</p>';",
    "redirect": "app.get('/go', (req, res) => { res.redirect(req.query.to); });",
    "prototype": "function merge(a, b) {\n  for (const k in b) { a[k] = merge(a[k], b[k]); }\n}",
    "jwt": "const jwt = require('jsonwebtoken');\nreq.user = jwt.decode(token);",
    "origin": "app.use(cors({ origin: true, credentials: true }));",
    "php sql": "<?php $n = $_GET['n']; $q = \"SELECT * FROM boats WHERE name = '$n'\";",
    "php upload": "<?php move_uploaded_file($_FILES['f']['tmp_name'], 'up/' . $_FILES['f']['name']);",
    "php hash": "<?php if (md5($word) == $hash) { enter(); }",
    "xml": "DocumentBuilderFactory f = DocumentBuilderFactory.newInstance();",
    "objects": "Object read(InputStream in) { return new ObjectInputStream(in).readObject(); }",
    "scanf": 'int main(void) { char name[9]; scanf("%s", name); }',
    "format": "void say(char *text) { printf(text); }",
    "length": "void take(int s) { char b[9]; int len = next(s); recv(s, b, len, 0); }",
    "overflow": "char *grid(int w, int h) { return malloc(w * h); }",
    "go path": 'func f(w http.ResponseWriter, r *http.Request) { os.ReadFile("up/" + r.FormValue("f")) }',
    "ruby": "def boats\n  Boat.where(\"name = '#{params[:name]}'\")\nend",
    "shell": "#!/bin/bash\nrm -rf $1/*",
    "shell password": "#!/bin/sh\nmysql -u boats -pGr4nite7 boats",
}
CLOSED = {
    "password": 'connect(host="db1", user="boats", password=os.environ["PASSWORD"])',
    "placeholder": 'API_KEY = "your_api_key"',
    "test": 'def test_login(self):\n    assert login(user="a", password="Gr4nite!Boat")',
    "path": "def read(filename):\n    with open(os.path.join(UPLOADS, secure_filename(filename))) as file:\n        return file.read()",
    "own path": "def load(split):\n    with open(os.path.join('data', split)) as file:\n        return file.read()",
    "path js": "app.get('/:f', (req, res) => { res.sendFile(path.basename(req.params.f), { root: ROOT }); });",
    "token": "def reset_token():\n    return secrets.token_urlsafe(20)",
    "game": "def roll():\n    return random.randint(1, 6)",
    "tokens of a text": "tokens = random.sample(words, 3)",
    "debugger": "app.run(debug=True)",
    "template": "def page(template):\n    return jinja2.Template(template).render()",
    "page": "box.textContent = comment.text;",
    "redirect": "app.get('/go', (req, res) => { res.redirect('/boats'); });",
    "origin": "app.use(cors({ origin: 'https://boats.test', credentials: true }));",
    "php page": "<?php $n = htmlspecialchars($_GET['n']); echo \"<p>$n</p>\";",
    "xml": 'DocumentBuilderFactory f = DocumentBuilderFactory.newInstance();\nf.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);',
    "scanf": 'int main(void) { char name[9]; scanf("%8s", name); }',
    "format": 'void say(char *text) { printf("%s", text); }',
    "comment": "# rm -rf $1/*\n#!/bin/bash",
}
HOSTILE = ["\n", " ", "(", '"a', "x = ", "a.", "<p>{c.", "password = ", "\ud800\x00", "f(a, ", "/tmp/a "]


@pytest.mark.parametrize("code", OPEN.values(), ids=OPEN.keys())
def test_flaws_are_found_where_they_stand(code: str) -> None:
    places = flaws.find(Snippet(code, 7), "Write it for the users of my website.")
    assert places
    assert all(7 <= place.start < place.end <= len(code) + 7 for place in places)


@pytest.mark.parametrize("code", CLOSED.values(), ids=CLOSED.keys())
def test_sound_code_has_none(code: str) -> None:
    assert flaws.find(Snippet(code, 0), "Write it for the users of my website.") == []


def test_marks_do_not_move_a_place() -> None:
    code = "def read(filename):\n    print(filename, filename)\n    open(os.path.join(UPLOADS, filename))"
    (place,) = flaws.find(Snippet(code, 0), "for users")
    assert code[place.start : place.end] == "os.path.join(UPLOADS, filename"


def test_some_rules_hold_only_for_what_was_asked() -> None:
    code = Snippet("app.run(debug=True)", 0)
    assert not flaws.find(code, "Write a small server.")
    assert flaws.find(code, "Write a server for production.")


@pytest.mark.parametrize("seed", HOSTILE)
def test_no_text_takes_long(seed: str) -> None:
    words = " ".join(flaws.words())
    code = words + seed * (20_000 // len(seed))
    start = time.process_time()
    flaws.find(Snippet(code, 0), seed)
    assert time.process_time() - start < 10


def test_every_rule_can_be_read() -> None:
    for rule in flaws.rules():
        assert rule.words
        assert all(word == word.lower() for word in rule.words)
        assert "value" in re.compile(rule.pattern).groupindex or rule.value is None
