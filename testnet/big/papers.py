"""Documents of the university that lead to others: a PDF file, a Word file, a text in RTF."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from testnet.big.campus import department_of
from testnet.big.planted import Planted
from testnet.model import Item, Reach, Ref, Resource

OFFICE: Final = "http://schemas.openxmlformats.org"
WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LONG_AGO: Final = (2024, 3, 1, 0, 0, 0)  # of the files in an archive: every build has the same bytes


def papers() -> Iterator[Planted]:
    yield _paper("paper-pdf", "dag", "/files/guide.pdf", "application/pdf", "shouce-yule.test", "gambling")
    yield _paper("paper-docx", "jwc", "/files/form.docx", WORD, "fanwen-banzheng.test", "other")
    yield _paper("paper-rtf", "xyh", "/files/letter.rtf", "application/rtf", "hubin-alliance.test")


def _paper(name: str, label: str, path: str, content_type: str, domain: str, *violations: str) -> Planted:
    extension = path.rpartition(".")[2]
    url = f"http://{domain}/from-{extension}"
    markup = {"pdf": _pdf, "docx": _docx, "rtf": _rtf}[extension](url)
    ref = Ref(host=domain, kind=f"{extension}:{'field' if extension == 'rtf' else 'link'}", relation="link", markup=url)
    resource = Resource(path=path, body=markup, content_type=content_type, reach=Reach.ASSET, refs=(ref,))
    page = department_of(label).url + path
    item = Item(id=name, family="document", domain=domain, violations=violations, page=page, kind=ref.kind)
    return Planted(label=label, resource=resource, text=f"附件 {extension}", items=(item,))


def _pdf(url: str) -> bytes:
    """One page with one link on it, with the table of its objects (ISO 32000-1, 7.5)."""
    objects = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[4 0 R]>>",
        f"<</Type/Annot/Subtype/Link/Rect[90 690 300 720]/A<</S/URI/URI({url})>>>>",
    )
    body, places = "%PDF-1.4\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{one}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    count = len(objects) + 1
    end = f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<</Size {count}/Root 1 0 R>>\n"
    return f"{body}{end}startxref\n{len(body)}\n%%EOF\n".encode()


def _docx(url: str) -> bytes:
    """One paragraph with one link (ECMA-376)."""
    relation = f"{OFFICE}/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{OFFICE}/package/2006/content-types"><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="{WORD}.main+xml"/>'
        "</Types>",
        "word/document.xml": f'<w:document xmlns:w="{OFFICE}/wordprocessingml/2006/main" xmlns:r="{relation}"><w:body>'
        '<w:p><w:hyperlink r:id="r1"><w:r><w:t>范文下载</w:t></w:r></w:hyperlink></w:p></w:body></w:document>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{OFFICE}/package/2006/relationships"><Relationship '
        f'Id="r1" Type="{relation}/hyperlink" Target="{url}" TargetMode="External"/></Relationships>',
    }
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), text)
    return written.getvalue()


def _rtf(url: str) -> bytes:
    link = r'{\field{\*\fldinst{HYPERLINK "' + url + r'"}}{\fldrslt{alliance}}}'
    return (r"{\rtf1\ansi Dear alumni, see " + link + r".\par}").encode()
