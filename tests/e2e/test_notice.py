"""notice: what a person is told whose name is given, and what who calls her says first."""

from test_life import EMAIL, NAME, PHONE, give, shown
from world import wait_until


def test_the_giver_the_receiver_and_nobody_else_get_their_texts(world):
    nodes = alice, bruno, chloe = world.circle("alice", "bruno", "chloe")
    bruno.json("profile", "set", "reach=01 99 00 45 67")
    id = give(bruno, "--lang", "fr")["id"]
    world.agree(nodes)
    alice.json("claim", id)
    shown(alice, id, state="awarded")

    told = bruno.json("notice", id)
    assert (told["kind"], told["lang"], told["to"], told["email"]) == ("tip", "fr", NAME, EMAIL)
    for said in ("Bonjour Noé Kervella,", "« Vendredi\u00a018h »", "3 personnes"):
        assert said.replace("« ", "«\u00a0").replace(" »", "\u00a0»").replace("\u00a018h", " 18h") in told["text"]
    for said in ("Wi-Fi à refaire, 3 entrepôts", "votre numéro de téléphone", "01 99 00 45 67",
                 "60 jours", "Bruno Le Gall, Cabinet Le Gall"):  # fmt: skip
        assert said in told["text"], said
    assert PHONE not in told["text"]
    english = bruno.json("notice", id, "--lang", "en")
    assert english["text"].startswith(f"Hello {NAME},\n\n") and "your telephone number" in english["text"]

    call = alice.json("notice", id)
    assert call["kind"] == "call" and call["phone"] == PHONE
    assert "ici Alice Martin, Armor Infogérance" in call["text"]
    assert "Bruno Le Gall (Cabinet Le Gall)" in call["text"]
    chloe.fails(6, "T-NOT-ALLOWED", "notice", id)
    bruno.fails(2, "T-USAGE", "notice", id, "--lang", "de")
    bruno.fails(3, "T-NOT-FOUND", "notice", "ZZZZ")
    assert bruno.tuyau("notice", id, "-q").out == id + "\n"
    out = bruno.tuyau("notice", id, "--lang", "en").out
    assert out.startswith("May I give your name to someone I trust?\n\nHello ")

    before = bruno.circle()["entries"]
    role = bruno.tip("Standard à changer", "--role", "accueil")["id"]
    assert bruno.json("notice", role, "--lang", "en")["text"].startswith("Hello,\n\n")
    assert bruno.circle()["entries"] == before + 1  # the tip: a notice writes nothing


def test_asks_and_answers_have_theirs(world):
    nodes = alice, bruno = world.circle("alice", "bruno")
    news = alice.json("ask", "news", "Que devient-elle ?", "--person", "Iris Quéméner")["id"]
    world.agree(nodes)
    ask = alice.json("notice", news, "--lang", "en")
    assert ask["kind"] == "ask" and ask["text"].startswith("Hello Iris Quéméner,")
    assert "What it says of you: your name." in ask["text"]
    bruno.fails(6, "T-NOT-ALLOWED", "notice", news)
    bruno.json("answer", news, "--who", "Iris Quéméner", "--phone", PHONE, "--told")
    answer = bruno.json("notice", news, "--lang", "en")
    assert answer["kind"] == "answer" and answer["subject"] == "May I give your name to Alice Martin?"
    wait_until(lambda: alice.json("show", news)["answered"] == 1, what="the answer came")
    call = alice.json("notice", news, "--lang", "en")
    assert call["kind"] == "call" and "Bruno Le Gall (Cabinet Le Gall) gave me" in call["text"]
    assert call["phone"] == PHONE
