"""Messages: posting, editing, deleting."""

from msgspec.structs import replace

from hubbub.domain import files, mentions, threads
from hubbub.domain.access import Operation
from hubbub.domain.aspects.authorship import message_needs, refusal_of
from hubbub.domain.facts import Accepted, Answer, MessageKey, Needs, PostKey
from hubbub.domain.ledger import Ledger
from hubbub.domain.mentions import NOBODY, Naming
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Aspect, Fold, Rule
from hubbub.domain.view import RoomView
from hubbub.domain.weights import CHANGE_COST, as_bytes, weighed, weight_of
from hubbub.events import Deleted, Edited, Erased, Posted, as_former
from hubbub.protocol.codec import encode
from hubbub.protocol.commands.conversation import GetEdits, GetMessage, GetSource
from hubbub.protocol.errors import Refusal
from hubbub.protocol.foreign.engineio import BadPacket
from hubbub.protocol.foreign.socketio import RESERVED_NAMES, put_in
from hubbub.protocol.keys import is_made_key, is_thread_key
from hubbub.protocol.messages import MOST_ALT_BYTES, Delete, Edit, Message, Post

# --- posting ---


class PostInThread(Post, frozen=True, kw_only=True):
    """Posts in a thread, with the account that wrote its root, which follows the thread if this begins it.

    The hub looks that up, since the own log of this account must be known before it is decided on the post.
    """

    root_by: str | None = None


def _is_reply(post: Post) -> bool:
    """Whether it goes into a thread."""
    return is_thread_key(post.room)


def _post_needs(wanted: Needs, principal: Principal, post: Post) -> None:
    if ":" in post.room and _is_reply(post):
        root_by = post.root_by if isinstance(post, PostInThread) else None
        threads.to_reply(wanted, principal, post, root_by)
    if post.title is not None:
        threads.to_title(wanted, principal)
    if post.of is not None:
        wanted.read(principal, MessageKey(post.of.room, post.of.message))
    if post.files is not None:
        files.to_attach(wanted, principal, post)
    if post.reply_to is not None:
        wanted.messages.add(MessageKey(post.room, post.reply_to))
    if post.mentions or post.calls:
        mentions.to_name(wanted, principal, post)
    if post.read is not None:
        wanted.nth(post.room, post.read)


def _post(ledger: Ledger, principal: Principal, post: Post) -> Answer:
    if (
        post.room in ledger.untitled
        and post.reply_to is None
        and post.of is None
        and post.title is None
        and post.files is None
        and not (post.mentions or post.calls)
    ):  # nearly always
        event = _event(ledger, principal, post, NOBODY)
        return ledger.post(event, principal.key_owner, post.read)
    is_reply = _is_reply(post)
    if refusal := _unpostable(ledger, principal, post, is_reply=is_reply):
        return refusal
    named = NOBODY
    if post.mentions or post.calls:
        found = mentions.named(ledger, principal, post)
        if isinstance(found, Refusal):
            return found
        named = found
    if is_reply:
        root_by = post.root_by if isinstance(post, PostInThread) else None
        threads.begin(ledger, principal, post.room, root_by, named.told)
    event = _event(ledger, principal, post, named)
    answer = ledger.post(event, principal.key_owner, post.read)
    if post.files is not None:
        files.attach(ledger, principal, event)
    if named.told:
        mentions.tell(ledger, event, named.told)
    if post.also_in_room:
        threads.show_in_room(ledger, principal, event)
    if post.title is not None:
        threads.begin_with(ledger, principal, event, post.title)
    return answer._replace(unreached=named.unreached) if named.unreached else answer


def _repeat(ledger: Ledger, principal: Principal, post: Post, first: Accepted) -> Answer:
    """Repeat also whom the message did not reach, unless it says something else by now."""
    if not post.mentions or post.client_message_id is None:
        return first
    called = PostKey(post.room, post.client_message_id, principal.key_owner)
    if (reached := ledger.reached(called)) is None:
        return first
    return first._replace(unreached=mentions.unreached(ledger, principal, post, reached))


def _event(ledger: Ledger, principal: Principal, post: Post, named: Naming) -> Posted:
    attached = files.attached(ledger, principal, post) if post.files is not None else None
    text = "" if attached and _has_no_content(post) else post.text
    return Posted(
        post.room,
        ledger.logs[post.room].seq + 1,
        ledger.at,
        principal.name,
        text,
        post.bytes,
        post.client_message_id,
        post.reply_to,
        post.emitted_as,
        post.arguments,
        post.attachments,
        post.of,
        named.mentions,
        named.calls,
        attached,
        id=principal.person.id,
    )


def _unpostable(
    ledger: Ledger, principal: Principal, post: Post, *, is_reply: bool
) -> Refusal | None:
    """Return why someone who may post may not post this, or None."""
    if is_reply:
        refusal = threads.refused(ledger, principal, post)
    else:
        refusal = threads.title_refused(ledger, principal, post)
    if refusal is None and post.reply_to is not None:
        refusal = ledger.absent(MessageKey(post.room, post.reply_to))
    if refusal is None and post.of is not None:
        refusal = ledger.unreadable(principal, MessageKey(post.of.room, post.of.message))
    if refusal is None and post.files is not None:
        refusal = files.refused(ledger, principal, post)
    return refusal


def _screen_post(post: Post, max_bytes: int) -> Refusal | None:
    if why := _fault(post):
        return Refusal("bad_request", why)
    if post.bytes is not None:
        size = len(post.bytes)
    elif post.arguments is not None:
        size = len(encode(post.arguments)) + sum(map(len, post.attachments or ()))
    else:
        size = _size(post.text or "")
    if size > max_bytes:
        return _too_large(max_bytes)
    return files.screen_alts(post.alts) if post.alts else None


def _fault(post: Post) -> str | None:
    """Return what is wrong with the content of a post, or None."""
    if (post.text, post.bytes, post.arguments).count(None) != 2 and not (
        post.files and _has_no_content(post)
    ):
        return "A post needs exactly one of `text`, `bytes` and `arguments`"
    if (post.emitted_as is not None or post.attachments is not None) and (
        why := _fault_in_emitted(post)
    ):
        return why
    if post.also_in_room and not _is_reply(post):
        return "Only a post in a thread can also be shown in its room"
    if (
        post.title is None
        and post.files is None
        and post.alts is None
        and not (post.mentions or post.calls)
    ):
        return None  # nearly always
    return threads.title_fault(post) or mentions.fault(post) or files.fault(post)


def _fault_in_emitted(post: Post) -> str | None:
    """Return what is wrong with an event of Socket.IO's, or None."""
    if post.emitted_as in RESERVED_NAMES:
        return f"Reserved event name: Socket.IO uses {post.emitted_as!r} itself"
    if post.attachments is not None and post.arguments is None:
        return "`attachments` need `arguments`"
    if post.attachments and not _are_placed(post):
        return "A placeholder in `arguments` refers to a missing attachment"
    return None


def _has_no_content(post: Post) -> bool:
    return post.text is None and post.bytes is None and post.arguments is None


def _are_placed(post: Post) -> bool:
    """Whether each placeholder has its attachment. Socket.IO clients disconnect on one without."""
    try:
        put_in(post.arguments, post.attachments or [])
    except BadPacket:
        return False
    return True


def _size(text: str) -> int:
    """Return the size of a text in bytes, as UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def _too_large(max_bytes: int) -> Refusal:
    return Refusal("too_large", f"Message too large: use at most {max_bytes} bytes")


def _pack(post: Post) -> tuple[Post, int]:
    weight = CHANGE_COST
    if post.mentions or post.calls or post.files:
        named = len(post.mentions or ()) + len(post.calls or ()) + 2 * len(post.files or ())
        weight += named * CHANGE_COST + weight_of(post.alts)
    if post.arguments is not None:
        post = replace(post, arguments=as_bytes(post.arguments))
        return post, weight + weight_of(post.arguments) + weight_of(post.attachments)
    if (text := post.text) is not None and text.isascii():  # by far the most frequent
        return post, weight + len(text)
    return post, weight + weight_of(text or post.bytes)


# --- editing and deleting ---


def _edit_needs(wanted: Needs, principal: Principal, edit: Edit) -> None:
    message_needs(wanted, principal, edit)
    if is_made_key(edit.room):  # elsewhere, messages have no files
        wanted.list(files.FILE_USE, edit.room, edit.seq)
    if edit.mentions or edit.calls:
        mentions.to_edit(wanted, principal, edit)


def _delete_needs(wanted: Needs, principal: Principal, delete: Delete) -> None:
    message_needs(wanted, principal, delete)
    threads.to_delete(wanted, MessageKey(delete.room, delete.seq))


def _screen_edit(edit: Edit, max_bytes: int) -> Refusal | None:
    if why := mentions.fault(edit):
        return Refusal("bad_request", why)
    if _size(edit.text) > max_bytes:
        return _too_large(max_bytes)
    return files.screen_alts(edit.alts) if edit.alts else None


def _pack_edit(edit: Edit) -> tuple[Edit, int]:
    _, weight = weighed(edit)
    return edit, weight + _repeated(edit)


def _repeated(edit: Edit) -> int:
    """Return how much its event repeats: all alt texts of the message, if it may have files."""
    return MOST_ALT_BYTES if is_made_key(edit.room) else 0


def _edit(ledger: Ledger, principal: Principal, edit: Edit, *, erases: bool = False) -> Answer:
    key = MessageKey(edit.room, edit.seq)
    if refusal := refusal_of(ledger, principal, key, Operation.EDIT_OWN, Operation.EDIT_ANY):
        return refusal
    named = NOBODY
    if edit.mentions or edit.calls:
        found = mentions.named(ledger, principal, edit)
        if isinstance(found, Refusal):
            return found
        named = found
    alts = files.described(ledger, edit) if edit.alts or is_made_key(edit.room) else None
    if isinstance(alts, Refusal):
        return alts
    mentions.edited(ledger, edit, named)
    place = ledger.next(edit.room, principal)
    return ledger.edit(
        key,
        Edited(
            **place,
            message=edit.seq,
            text=edit.text,
            mentions=named.mentions,
            calls=named.calls,
            erases=erases,
            alts=alts,
        ),
    )


def _delete(ledger: Ledger, principal: Principal, delete: Delete) -> Answer:
    key = MessageKey(delete.room, delete.seq)
    if refusal := refusal_of(ledger, principal, key, Operation.DELETE_OWN, Operation.DELETE_ANY):
        return refusal
    ledger.erase(key)
    answer = ledger.append(Deleted(**ledger.next(delete.room, principal), message=delete.seq))
    threads.delete_root(ledger, principal, key)
    return answer


# --- folding ---


def message_of(event: Posted) -> Message:
    """Return the message that an event posted, or what is left of it if it was deleted."""
    if event.erased:
        return tombstone(event)
    return Message(
        seq=event.seq,
        at=event.at,
        by=event.by,
        text=event.text,
        bytes=event.bytes,
        client_message_id=event.client_message_id,
        reply_to=event.reply_to,
        emitted_as=event.emitted_as,
        arguments=event.arguments,
        attachments=event.attachments,
        id=event.id,
        of=event.of,
        mentions=event.mentions,
        calls=event.calls,
        files=event.files,
    )


def with_edit(message: Message, event: Edited) -> Message:
    """Return the message after an edit."""
    said = {"text": event.text, "mentions": event.mentions, "calls": event.calls}
    shown = message.files and files.with_alts(message.files, event.alts)
    return replace(as_former(message), **said, files=shown, edited_at=event.at)


def tombstone(message: Message | Posted) -> Message:
    """Return what is left of a deleted message."""
    return Message(seq=message.seq, at=message.at, by=message.by, deleted=True, id=message.id)


def _fold_posted(view: RoomView, event: Posted) -> None:
    view.messages[event.seq] = message_of(event)


def _fold_edited(view: RoomView, event: Edited) -> None:
    if message := view.messages.get(event.message):
        view.messages[event.message] = with_edit(message, event)


def _fold_deleted(view: RoomView, event: Deleted) -> None:
    if message := view.messages.get(event.message):
        view.messages[event.message] = tombstone(message)


def _fold_erased(view: RoomView, event: Erased) -> None:
    for seq in event.messages:
        if message := view.messages.get(seq):
            view.messages[seq] = tombstone(message)


ASPECT = Aspect(
    rules=(
        Rule(
            Post,
            Operation.POST,
            _post_needs,
            _post,
            _screen_post,
            pack=_pack,
            repeat=_repeat,
            in_threads=True,
        ),
        Rule(
            *(PostInThread, Operation.POST, _post_needs, _post, _screen_post, _pack),
            repeat=_repeat,
            is_internal=True,
            in_threads=True,
        ),
        Rule(
            *(Edit, Operation.EDIT_OWN, _edit_needs, _edit, _screen_edit, _pack_edit),
            asked=Operation.READ,
            in_threads=True,
            adds=_repeated,
        ),
        Rule(
            *(Delete, Operation.DELETE_OWN, _delete_needs, _delete),
            asked=Operation.READ,
            in_threads=True,
        ),
    ),
    questions=(GetMessage, GetSource, GetEdits),
    events=(Posted, Edited, Deleted),
    folds=(
        Fold(Posted, _fold_posted),
        Fold(Edited, _fold_edited),
        Fold(Deleted, _fold_deleted),
        Fold(Erased, _fold_erased),
    ),
)
