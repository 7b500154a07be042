"""Files as rows, whoever keeps them: whose they are, which message shows them, and what takes them away."""

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.files import MAX_WAITING, BeginUpload, DropFile, FinishUpload
from hubbub.domain.aspects.rooms.settings import SetPortrait
from hubbub.domain.facts import Accepted
from hubbub.domain.files import FILE, FILE_USE, FileUse
from hubbub.domain.pictures import PORTRAIT
from hubbub.events import Attached, Posted
from hubbub.protocol.codec import encode
from hubbub.protocol.commands.rooms import Archive, ChangeRoom
from hubbub.protocol.messages import MOST_ALT_BYTES, Delete, Edit, Post
from tests.support.rooms import ADA, GRACE, GUEST, House

KEY = "0" * 23


async def uploaded(house: House, *names: str, size: int = 9) -> list[str]:
    """Files that Grace uploaded, with keys in this order."""
    files = [f"{KEY}{n}" for n, _ in enumerate(names)]
    for file, name in zip(files, names, strict=True):
        begin = BeginUpload(room=GRACE.id, file=file, name=name, size=size)
        finish = FinishUpload(
            room=GRACE.id, file=file, type="image/png", digest="d", width=3, height=2
        )
        await house.answers((GRACE, begin), (GRACE, finish))
    return files


async def test_a_message_takes_its_files_over(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE, GUEST)
    first, second = await uploaded(house, "a.png", "b.png")
    assert (await house.refused(ADA, Post(room=room, files=[first]))).code == "not_found"
    answer = await house.do(GRACE, Post(room=room, files=[second, first]))
    assert answer.seq is not None
    [posted] = await house.log(room, answer.seq - 1)
    shown = [
        Attached(key, name, "image/png", 9, 3, 2)
        for key, name in ((second, "b.png"), (first, "a.png"))
    ]
    assert isinstance(posted, Posted) and (posted.text, posted.files) == ("", shown)
    assert (await house.store.history(room, None, None, 1)).messages[0].files == shown
    assert await house.store.rows(FILE) == []
    uses = [
        FileUse(room, answer.seq, n, GRACE.id, a.file, a.name, 9, "image/png", "d", 3, 2)
        for n, a in enumerate(shown)
    ]
    assert await house.store.rows(FILE_USE) == uses
    assert await house.store.by(FILE_USE, "file", ["x", first]) == uses[1:]
    assert (await house.refused(GRACE, Post(room=room, files=[first]))).code == "not_found"


async def test_what_a_picture_shows_is_said_with_it_and_by_editing(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    boat, dog, cat = await uploaded(house, "a.png", "b.png", "c.png")
    post = Post(room=room, files=[boat, dog], alts={boat: "A boat"})
    seq = (await house.do(GRACE, post)).seq or 0

    async def alts() -> list[str]:
        [message] = (await house.store.history(room, None, None, 1)).messages
        uses = await house.store.rows(FILE_USE, room)
        assert [use.alt or "" for use in uses] == [each.alt for each in message.files or ()]
        return [each.alt for each in message.files or ()]

    assert await alts() == ["A boat", ""]
    await house.do(GRACE, Edit(room=room, seq=seq, text="", alts={dog: "A dog"}))
    await house.do(GRACE, Edit(room=room, seq=seq, text="Look"))  # says nothing of the files
    assert await alts() == ["A boat", "A dog"]
    await house.do(GRACE, Edit(room=room, seq=seq, text="Look", alts={boat: ""}))
    assert await alts() == ["", "A dog"]
    for change, code in (
        (Edit(room=room, seq=seq, text="", alts={cat: "A cat"}), "not_found"),
        (Edit(room="lobby", seq=1, text="", alts={cat: "A cat"}), "not_found"),
    ):
        assert (await house.refused(GRACE, change)).code == code
    assert await alts() == ["", "A dog"]


async def test_what_a_picture_shows_is_said_with_it_and_changed_in_one_batch(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    [boat] = await uploaded(house, "a.png")
    seq = await house.store.head(room)
    post = Post(room=room, files=[boat], alts={boat: "A boat"})
    edits = [Edit(room=room, seq=seq.seq + 1, text="", alts={boat: alt}) for alt in ("", "A ship")]
    answers = await house.answers((GRACE, post), *((GRACE, each) for each in edits))
    assert all(isinstance(answer, Accepted) for answer in answers)
    [use] = await house.store.rows(FILE_USE, room)
    assert use.alt == "A ship"


async def test_an_edit_weighs_at_least_what_its_event_takes(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    files = await uploaded(house, *map(str, range(10)))
    most = MOST_ALT_BYTES - len(encode(dict.fromkeys(files, "")))
    alts = dict.fromkeys(files, "\x01" * (most // 10 // len("\\u0001")))
    seq = (await house.do(GRACE, Post(room=room, files=files, alts=alts))).seq or 0
    edit = Edit(room=room, seq=seq, text="x")
    last = (await house.do(GRACE, edit)).seq or 0
    [body] = (await house.store.read(room, last - 1, last)).bodies
    assert len(body) > 0.8 * MOST_ALT_BYTES  # it repeats them
    assert RULES.by_command[Edit].pack(edit)[1] >= len(body)
    more = Edit(room=room, seq=seq, text="y", alts={files[0]: "x" * 1_000})
    assert (await house.refused(GRACE, more)).code == "too_large"
    [message] = (await house.store.history(room, None, None, 1)).messages
    assert message.text == "x" and {f.file: f.alt for f in message.files or ()} == alts


async def test_files_of_one_batch_are_posted_once(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    [file] = await uploaded(house, "a.png")
    post = Post(room=room, files=[file])
    first, second = await house.answers((GRACE, post), (GRACE, post))
    assert isinstance(first, Accepted) and not isinstance(second, Accepted)
    assert second.code == "not_found"


async def test_an_upload_that_is_not_whole_is_not_posted(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    await house.do(GRACE, BeginUpload(room=GRACE.id, file=KEY, name="a", size=1))
    assert (await house.refused(GRACE, Post(room=room, files=[KEY]))).code == "conflict"
    for change in (
        BeginUpload(room=GRACE.id, file="x", name="a", size=1),
        FinishUpload(room=GRACE.id, file=KEY, type="t", digest="d"),
        DropFile(room=GRACE.id, file=KEY),
    ):
        assert (await house.refused(ADA, change)).code in ("forbidden", "not_found")
    await house.do(GRACE, DropFile(room=GRACE.id, file=KEY))
    assert await house.store.rows(FILE) == []
    assert (await house.refused(GRACE, DropFile(room=GRACE.id, file=KEY))).code == "not_found"


async def test_who_may_not_upload_in_a_room_posts_no_files_there(house: House) -> None:
    room, other = await house.make(ADA, "closed", GRACE), await house.make(ADA, "open")
    [file] = await uploaded(house, "a.png")
    await house.do(
        ADA, ChangeRoom(room=other, public="post")
    )  # where everyone may post, but not upload
    assert (await house.do(GRACE, Post(room=other, text="hello"))).seq
    assert (await house.refused(GRACE, Post(room=other, files=[file]))).code == "forbidden"
    await house.do(ADA, Archive(room=room))
    assert (await house.refused(GRACE, Post(room=room, files=[file]))).code == "archived"
    assert len(await house.store.rows(FILE, GRACE.id)) == 1


async def test_who_may_not_describe_a_room_gives_it_no_picture(house: House) -> None:
    room = await house.make(ADA, "closed", GUEST)
    picture = SetPortrait(room=room, file=KEY, avatar=KEY, image=b"x")
    assert (await house.refused(GUEST, picture)).code == "forbidden"
    assert await house.store.rows(PORTRAIT) == []
    await house.do(ADA, picture)
    assert [row.avatar for row in await house.store.rows(PORTRAIT)] == [KEY]


async def test_files_go_with_their_message_and_count_until_then(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    files = await uploaded(house, "a.png", "b.png", "c.png", size=7)
    total = house.store.total
    assert await total(FILE, "size", "account", GRACE.id) == 21
    answers = [await house.do(GRACE, Post(room=room, files=[file])) for file in files]
    assert await total(FILE, "size", "account") == 0
    assert await total(FILE_USE, "size", "account", GRACE.id) == 21
    assert await total(FILE_USE, "size", "account", ADA.id) == 0
    await house.do(ADA, Delete(room=room, seq=answers[0].seq or 0))
    assert await total(FILE_USE, "size", "account") == 14
    await house.store.trim(room, answers[1].seq or 0)
    assert [row.file for row in await house.store.rows(FILE_USE)] == files[2:]


async def test_an_account_keeps_a_bounded_number_of_files_that_are_not_posted(
    house: House,
) -> None:
    begun = [
        (GRACE, BeginUpload(room=GRACE.id, file=f"{n:0>24}", name="a", size=1))
        for n in range(MAX_WAITING + 1)
    ]
    *answers, last = await house.answers(*begun)
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert not isinstance(last, Accepted) and last.code == "too_large"
    [first] = await house.store.by(FILE, "file", [f"{0:0>24}"])
    assert (first.account, first.is_whole) == (GRACE.id, False)
