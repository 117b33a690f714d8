from __future__ import annotations

import pytest

from mixguard.annotate.scan import ruff
from mixguard.annotate.scan.insecure import scan

INSECURE = {
    "python sql": "def find(cur, name):\n    cur.execute(f\"SELECT id FROM boats WHERE name = '{name}'\")",
    "python shell": "import os\ndef ping(host):\n    os.system('ping ' + host)",
    "python fragment": "    os.chmod(path, 0o777)",
    "python second line of a block": "x = 1\n    os.chmod(path, 0o777)",
    "python yaml": "config = yaml.load(text)",
    "python pickle": "order = pickle.loads(request.data)",
    "python tar": "import tarfile\ntarfile.open(name).extractall('.')",
    "python noqa": "import os\nos.chmod(path, 0o777)  # noqa",
    "python verify": "import requests\nrequests.get(url, verify=False, timeout=3)",
    "python that does not parse": "os.chmod(path, 0o777)\nif :",
    "js sql": "db.query(`SELECT * FROM boats WHERE name = '${name}'`, done);",
    "js sql sum": 'const q = "SELECT * FROM boats WHERE name = \'" + name + "\'";\ndb.query(q);',
    "js shell": "exec('ls ' + folder, show);",
    "js page": "box.innerHTML = 'Hello ' + location.search;",
    "js eval": "app.get('/', (req, res) => { eval(req.query.code); });",
    "js certificates": "const agent = new https.Agent({ rejectUnauthorized: false });",
    "php sql": "<?php mysql_query(\"SELECT * FROM boats WHERE name = '\" . $_GET['name'] . \"'\"); ?>",
    "php page": "<?php echo 'Hello ' . $_GET['name']; ?>",
    "php include": "<?php include($_GET['page'] . '.php'); ?>",
    "java sql": 'String q = "SELECT * FROM boats WHERE name = \'" + name + "\'";\nst.executeQuery(q);',
    "java shell": 'Runtime.getRuntime().exec("ping " + host);',
    "go sql": "q := fmt.Sprintf(\"SELECT * FROM boats WHERE name = '%s'\", name)\ndb.Query(q)",
    "go certificates": "cfg := &tls.Config{InsecureSkipVerify: true}",
    "ruby sql": "Boat.where(\"name = '#{params[:name]}'\")",
    "c gets": "int main(void) {\n    char name[8];\n    gets(name);\n}",
    "c strcpy": "int main(int argc, char **argv) {\n    char name[8];\n    strcpy(name, argv[1]);\n}",
    "shell": "#!/bin/sh\nchmod -R 777 /srv/boats",
    "shell fetch": "curl http://boats.test/install.sh | sudo sh",
    "password": "$hash = md5($password);",
}
SECURE = {
    "python sql": 'def find(cur, name):\n    cur.execute("SELECT id FROM boats WHERE name = %s", (name,))',
    "python sql with bound list": 'placeholders = ",".join("?" * len(ids))\ncur.execute(f"SELECT id FROM boats WHERE id IN ({placeholders})", ids)',
    "python shell": "import subprocess\nsubprocess.run(['ping', host], check=True)",
    "python fixed command": "import os\nos.system('clear')",
    "python chmod": "import os\nos.chmod(path, 0o755)",
    "python yaml": "config = yaml.safe_load(text)",
    "python own model": "import pickle\nwith open('model.pkl', 'rb') as file:\n    model = pickle.load(file)",
    "python checksum": "import hashlib\nprint(hashlib.md5(content).hexdigest())",
    "python game": "import random\nassert random.randint(1, 6) < 7",
    "python password": "password = 'changeme'",
    "python server": "from flask import Flask\napp = Flask(__name__)\napp.run(debug=True)",
    "js sql": "db.query('SELECT * FROM boats WHERE name = ?', [name], done);",
    "js tagged sql": "const rows = await sql`SELECT * FROM boats WHERE name = ${name}`;",
    "js placeholders": "pool.query('SELECT * FROM boats WHERE name = $1', [name]);",
    "js page": "box.innerHTML = '';\nbox.textContent = location.search;",
    "js pattern": "const found = /a+/.exec(text);",
    "php page": "<?php echo htmlspecialchars($_GET['name']); ?>",
    "java sql": 'PreparedStatement st = c.prepareStatement("SELECT * FROM boats WHERE name = ?");\nst.setString(1, name);',
    "java constant": 'String q = "SELECT * FROM " + TABLE + " WHERE id = ?";',
    "mybatis": '@Select("SELECT * FROM boats WHERE id = #{id}")\nBoat find(int id);',
    "c": 'int main(void) {\n    char name[8];\n    fgets(name, sizeof name, stdin);\n    strcpy(name, "a");\n}',
    "shell": "#!/bin/sh\nchmod 644 boats.txt\ncurl -fsSL https://boats.test/install.sh | sh",
    "ruby": "name = gets.chomp\nputs name",
}


@pytest.mark.parametrize("code", INSECURE.values(), ids=INSECURE.keys())
def test_insecure_lines_are_found_where_they_stand(code: str) -> None:
    (places,) = scan([code], [None])
    assert places
    assert all(0 <= place.start < place.end <= len(code) and place.words for place in places)


@pytest.mark.parametrize("code", SECURE.values(), ids=SECURE.keys())
def test_ordinary_lines_are_not(code: str) -> None:
    assert scan([code], [None]) == [[]]


def test_the_line_is_the_one_in_the_text() -> None:
    text = "Here:\n```python\nimport os\n\nos.chmod(path, 0o777)\n```\n"
    (places,) = scan([text], [None])
    assert {text[place.start : place.end] for place in places or ()} >= {"os.chmod(path, 0o777)"}


def test_each_text_is_scanned_on_its_own() -> None:
    texts = [INSECURE["python yaml"], "x = 1", INSECURE["js page"]]
    assert scan(texts, [None] * 3) == [scan([text], [None])[0] for text in texts]


HOSTILE = [
    "\x00\ud800 os.system(",
    "(" * 9000 + "os.system(x)",
    "not " * 4000 + "x",
    "a = '" + "'+'" * 4000 + "'",
    "```" * 3000,
    "x" + ".a" * 9000,
]


def test_hostile_code_hides_no_other() -> None:
    found = scan([*HOSTILE, INSECURE["python yaml"]], [None] * (len(HOSTILE) + 1))
    assert found[-1]


def test_without_ruff_python_counts_as_not_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ruff, "binary", lambda: None)
    assert scan(["x = yaml.load(text)", "box.innerHTML = location.hash;"], [None, None])[0] is None
    assert scan(["box.innerHTML = location.hash;"], [None])[0]


def test_a_snippet_that_ruff_fails_on_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    run = ruff._run
    monkeypatch.setattr(
        ruff, "_run", lambda codes: None if any("boom" in code for code in codes) else run(codes)
    )
    assert ruff.scan(["boom = 1", "a = 1", "x = yaml.load(t)"]) == [
        None,
        [],
        [(0, "YAML that may create any object")],
    ]
