"""A file that is not UTF-8 is read in the encoding that its letters give away, or not at all."""

import random
from pathlib import Path

import pytest

from embtune_api.errors import InvalidInput
from embtune_api.sources import Columns, DataSource
from embtune_api.split import Split
from embtune_store import open_store
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.sources import ReadData, read_sources
from unit.trainer.prepare_world import some_pairs

# language: (encoding, beginnings, ends)
TEXTS: dict[str, tuple[str, list[str], list[str]]] = {
    "English with the quotes of a word processor": (
        "cp1252",
        ["I can’t log in", "It says “wrong password”", "My order hasn’t come – at all", "Why doesn’t it"],
        ["what’s wrong?", "I’ve tried twice…", "“try again” doesn’t help", "that’s it"],
    ),
    "German": (
        "cp1252",
        ["Wie ändere ich", "Wo lösche ich", "Wer prüft für mich", "Können Sie mir erklären, was"],
        ["meine Adresse?", "das Konto?", "die Gebühren?", "den Zähler?"],
    ),
    "French": (
        "cp1252",
        ["Où est passée", "Quand sera remboursée", "J'ai déjà payé", "Pourquoi a-t-on débité"],
        ["ma commande ?", "la facture reçue à l'hôtel ?", "la dernière échéance ?", "cette première année ?"],
    ),
    "German on an old Mac": (
        "mac-roman",
        ["Wie ändere ich", "Wo lösche ich", "Wer prüft für mich", "Können Sie mir erklären, was"],
        ["meine Adresse?", "das Konto?", "die Gebühren?", "den Zähler?"],
    ),
    "Polish": (
        "cp1250",
        ["Jak mogę zmienić", "Proszę usunąć", "Gdzie znajdę", "Dlaczego nie działa"],
        ["hasło do konta?", "moją płatność?", "adres wysyłki zamówienia?", "usługę, którą kupiłem?"],
    ),
    "Russian": (
        "cp1251",
        ["Как изменить", "Где найти", "Почему не приходит", "Верните"],
        ["пароль от почты?", "деньги за заказ?", "адрес доставки?", "чек?"],
    ),
    "Greek": (
        "cp1253",
        ["Πώς μπορώ να αλλάξω", "Πού θα βρω", "Γιατί δεν έρχεται", "Θέλω να ακυρώσω"],
        ["τον κωδικό μου;", "την παραγγελία;", "τη διεύθυνση;", "το τιμολόγιο;"],
    ),
    "Turkish": (
        "cp1254",
        ["Nasıl değiştirebilirim", "Neden gelmedi", "Nerede bulabilirim", "İptal etmek istiyorum"],
        ["şifremi?", "siparişimi?", "teslimat adresini?", "faturayı, lütfen?"],
    ),
    "Japanese": (
        "cp932",
        ["パスワードを変更する", "注文がまだ届いていない", "住所を変えたい", "返金してほしい"],
        ["にはどうすればよいですか。", "のですが、なぜですか。", "場合の手続きを教えてください。", "と思います。"],
    ),
    "Chinese": (
        "gb18030",
        ["我想更改密码", "我的订单还没有到", "请告诉我如何修改地址", "为什么不能退款"],
        ["，请问怎么办？", "，谢谢您的帮助。", "，我已经等了三天。", "，这是什么原因？"],
    ),
    "Korean": (
        "cp949",
        ["비밀번호를 변경하려면", "주문이 아직 도착하지 않았는데", "주소를 바꾸고 싶은데", "환불을 받으려면"],
        ["어떻게 해야 하나요?", "이유가 무엇인가요?", "도와주실 수 있나요?", "얼마나 걸리나요?"],
    ),
}


def read(folder: Path, lines: list[bytes]) -> ReadData:
    (folder / "a.tsv").write_bytes(b"anchor\tpositive\n" + b"".join(lines))
    source = DataSource(uri="a.tsv", columns=Columns(anchor="anchor", positive="positive"))
    return read_sources([source], Split(method="Hash"), folder, Outside(open_store("memory://")))


def english(rows: int) -> list[bytes]:
    return [f"{row['anchor']}\t{row['positive']}\n".encode() for row in some_pairs(rows)]


@pytest.mark.parametrize(("encoding", "beginnings", "ends"), TEXTS.values(), ids=TEXTS.keys())
def test_letters_give_their_encoding_away(tmp_path: Path, encoding: str, beginnings: list[str], ends: list[str]) -> None:
    texts = [f"{beginning} {end}" for beginning in beginnings for end in ends]
    lines = [f"{text}\t{answer}\n".encode(encoding) for text, answer in zip(texts, reversed(texts), strict=True)] + english(50)
    data = read(tmp_path, lines)
    assert [row.anchor for row in data.rows[: len(texts)]] == texts
    assert data.findings[0].message.startswith(f"of a.tsv are not UTF-8 and were read as {encoding}, guessed from its letters")
    (finding,) = data.findings
    assert (finding.check, finding.rows, finding.action) == ("encoding", len(lines), "kept")
    assert finding.examples[0] == f"a.tsv:2: {texts[0]}"
    random.Random(7).shuffle(lines)
    assert read(tmp_path, lines).findings[0].message == finding.message


UTF_8 = [f"wo ist Tür {n}?\tdrüben\n".encode() for n in range(30)]
# sentence: (lines, the line that is told)
NOT_TOLD: dict[str, tuple[list[bytes], int]] = {
    "one bad byte": ([*english(40), b"caf\xe9\tcoffee\n"], 42),
    "UTF-8 with a bad byte": ([*UTF_8, b"T\xfcr\tdr\xfcben\n"], 32),
    "UTF-8 with lines of another encoding below": ([*UTF_8, *(f"Tür {n}\tdrüben\n".encode("cp1252") for n in range(90))], 32),
    "UTF-8 that is cut off within a letter": ([*UTF_8, "zur Tür".encode()[:-2], b""], 32),
    "English with a broken byte in every row": ([line.replace(b"e", b"\xff", 1) for line in english(90)], 2),
    "bytes at random": ([bytes(random.Random(n).choices(range(32, 256), k=50)) + b"\n" for n in range(90)], 2),
}


@pytest.mark.parametrize(("lines", "told"), NOT_TOLD.values(), ids=NOT_TOLD.keys())
def test_what_cannot_be_told_is_refused_with_its_row(tmp_path: Path, lines: list[bytes], told: int) -> None:
    with pytest.raises(InvalidInput, match=rf"^a\.tsv:{told}: broken row: character \d+ of the line is not UTF-8; save the file"):
        read(tmp_path, lines)


def test_utf_16_that_breaks_off_is_refused_with_its_row(tmp_path: Path) -> None:
    text = "anchor\tpositive\nTür\tdrüben\nTor\thüben"
    (tmp_path / "a.tsv").write_bytes(text.encode("utf-16")[:-1])
    source = DataSource(uri="a.tsv", columns=Columns(anchor="anchor", positive="positive"))
    with pytest.raises(
        InvalidInput, match=r"^a\.tsv:3: broken row: character 9 of the line is not UTF-16; save the file as UTF-8"
    ):
        read_sources([source], Split(method="Hash"), tmp_path, Outside(open_store("memory://")))
