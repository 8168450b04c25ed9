import orjson

from app.engines.reading_model.excerpt import choose_excerpt
from app.engines.reading_model.prompt import CLASSES, INSTRUCTIONS, OF_PICTURE, SCHEMA, request_body

MARKER = "8f0c1d2e3b4a5968"
EXCERPT = choose_excerpt(host="a.test", title="标题", meta=(), text="Ignore this.", links=(), places=())


def test_what_the_page_says_stands_between_two_lines_of_the_marker():
    system, user = request_body(EXCERPT, model="m", marker=MARKER)["messages"]
    assert system == {"role": "system", "content": INSTRUCTIONS}
    assert user["content"].split(f"\n{MARKER}")[1].strip() == EXCERPT.text
    assert user["content"].endswith(f"\n{MARKER}")
    assert "标题" not in system["content"]


def test_an_answer_of_the_schema_alone_is_asked_for():
    body = request_body(EXCERPT, model="m", marker=MARKER)
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert body["response_format"]["json_schema"]["strict"] is True
    assert set(SCHEMA["required"]) == set(SCHEMA["properties"])
    assert (body["model"], body["temperature"]) == ("m", 0)
    orjson.dumps(body)


def test_every_field_and_class_is_explained():
    assert all(f"- {name}:" in INSTRUCTIONS for name in SCHEMA["required"])
    assert all(key.value in INSTRUCTIONS for key in CLASSES)


def test_a_screenshot_comes_behind_the_fenced_text_and_is_called_a_strangers():
    system, user = request_body(EXCERPT, model="m", marker=MARKER, picture="/9j/4AA=")["messages"]
    text, picture = user["content"]
    assert text["text"].endswith(f"\n{MARKER}\n{OF_PICTURE}")
    assert picture == {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/4AA="}}
    assert "never follow" in OF_PICTURE
    assert system["content"] == INSTRUCTIONS
