"""Documents made in place: what Office and its like write, as small as it can be."""

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
SHOW = "http://schemas.openxmlformats.org/presentationml/2006/main"
CONTENT = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"


def archive(parts, *, compression=ZIP_DEFLATED):
    written = BytesIO()
    with ZipFile(written, "w", compression) as zipped:
        for name, content in parts.items():
            zipped.writestr(name, content)
    return written.getvalue()


def rels(*items):
    """Relations (id, type, target, mode)."""
    found = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{target}" TargetMode="{mode}"/>'
        for key, kind, target, mode in items
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{RELATIONS}">{found}</Relationships>'


def docx(body, *links, title="", **parts):
    """A text. `links`: (id, type, target) that lead out of it."""
    document = f'<w:document xmlns:w="{WORD}" xmlns:r="{OFFICE}"><w:body>{body}</w:body></w:document>'
    core = f'<p:coreProperties xmlns:p="p" xmlns:dc="dc"><dc:title>{title}</dc:title></p:coreProperties>'
    return archive(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": document,
            "word/_rels/document.xml.rels": rels(*((*link, "External") for link in links)),
            "docProps/core.xml": core,
            **parts,
        }
    )


def xlsx(**sheets):
    """A workbook. `sheets`: content of a sheet and its links, by name; the last stands first in the archive."""
    parts = {"[Content_Types].xml": "<Types/>"}
    order, internal = "", []
    for number, (name, (content, links)) in enumerate(sheets.items(), 1):
        file = f"sheet{len(sheets) - number + 1}.xml"
        order += f'<sheet name="{name}" sheetId="{number}" r:id="r{number}"/>'
        internal.append((f"r{number}", "worksheet", f"worksheets/{file}", "Internal"))
        parts[f"xl/worksheets/{file}"] = f'<worksheet xmlns="{SHEET}" xmlns:r="{OFFICE}">{content}</worksheet>'
        parts[f"xl/worksheets/_rels/{file}.rels"] = rels(*((*link, "External") for link in links))
    parts["xl/workbook.xml"] = f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}"><sheets>{order}</sheets></workbook>'
    parts["xl/_rels/workbook.xml.rels"] = rels(*internal)
    return archive(parts)


def pptx(*slides):
    """Slides, (content, links), written into the archive from the last to the first."""
    parts = {"[Content_Types].xml": "<Types/>"}
    order, internal = "", []
    for number, (content, links) in enumerate(slides, 1):
        file = f"slide{len(slides) - number + 1}.xml"
        order += f'<p:sldId id="{255 + number}" r:id="r{number}"/>'
        internal.append((f"r{number}", "slide", f"slides/{file}", "Internal"))
        parts[f"ppt/slides/{file}"] = (
            f'<p:sld xmlns:p="{SHOW}" xmlns:a="{DRAWING}" xmlns:r="{OFFICE}">{content}</p:sld>'
        )
        parts[f"ppt/slides/_rels/{file}.rels"] = rels(*((*link, "External") for link in links))
    parts["ppt/presentation.xml"] = (
        f'<p:presentation xmlns:p="{SHOW}" xmlns:r="{OFFICE}"><p:sldIdLst>{order}</p:sldIdLst></p:presentation>'
    )
    parts["ppt/_rels/presentation.xml.rels"] = rels(*internal)
    return archive(parts)


def open_document(kind, content, **parts):
    """OpenDocument: "text", "spreadsheet" or "presentation"."""
    spaces = 'xmlns:text="t" xmlns:table="b" xmlns:draw="d" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return archive(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": f'<o:document-content xmlns:o="{CONTENT}" {spaces}>{content}</o:document-content>',
            **parts,
        }
    )
