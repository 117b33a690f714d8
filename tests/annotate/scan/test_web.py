from __future__ import annotations

import pytest

from mixguard.annotate.scan.web import scan

HEAD = (
    "from flask import Flask, request\napp = Flask(__name__)\n@app.route('/boats/<boat>')\ndef show(boat):\n"
)
OPEN = [
    "    name = request.args.get('name')\n    return f'<h1>{name}</h1>'",
    "    return '<h1>' + request.form['name'] + '</h1>'",
    "    return '<h1>{}</h1>'.format(boat)",
    "    return '<h1>%s</h1>' % request.values['name'].strip()",
    "    order = {'name': request.json['name']}\n    return '<p>' + order['name'] + '</p>'",
    "    page = request.args['page']\n    return render_template_string(page)",
    "    with open(request.args['file']) as file:\n        return file.read()",
    "    return Template('Hello {{ boat }}', autoescape=False).render(boat=boat)",
]
CLOSED = [
    "    name = escape(request.args.get('name'))\n    return f'<h1>{name}</h1>'",
    "    name = request.args.get('name')\n    name = bleach.clean(name)\n    return f'<h1>{name}</h1>'",
    "    page = f'<h1>{boat}</h1>'\n    page = clean(page)\n    return page",
    "    number = int(request.args['number'])\n    return f'<h1>{number}</h1>'",
    "    return render_template('show.html', name=request.args['name'])",
    "    return render_template_string('<h1>{{ name }}</h1>', name=boat)",
    "    return {'name': request.args['name']}",
    "    found = Boat.query.get(boat)\n    return f'<h1>{found.name}</h1>'",
    "    name = secure_filename(request.args['file'])\n    with open(name) as file:\n        return file.read()",
    "    return f'{boat} < 3 > 2'",
]


@pytest.mark.parametrize("body", OPEN)
def test_what_a_request_holds_is_followed(body: str) -> None:
    (finding,) = scan(HEAD + body)
    assert finding.line >= 4


@pytest.mark.parametrize("body", CLOSED)
def test_what_was_cleaned_or_bound_is_not_found(body: str) -> None:
    assert scan(HEAD + body) == []


def test_a_name_that_the_prompt_takes_from_a_request_counts() -> None:
    asked = "Complete this:\n    name = request.args.get('name')\n    # YOUR CODE HERE"
    assert scan("html = f'<h1>{name}</h1>'", asked)
    assert not scan("html = f'<h1>{name}</h1>'")


def test_what_is_not_python_has_nothing() -> None:
    assert scan("const a = 1;") == []
    assert scan("a\x00") == []
