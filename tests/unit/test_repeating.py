"""Every change can be repeated after a lost answer: each command and route that makes one takes a key."""

from hubbub.domain.aspects import RULES
from hubbub.protocol.messages import Question
from hubbub.server.http.changes import KEY
from hubbub.server.http.routes import RESOURCES

CHANGE_NO_LOG = {
    "hello",
    "start",
    "follow",
    "follow_all",
    "unfollow",
    "signal",
    "history",
    *("watch", "away", "back"),
}
# Their answers hold secrets, which the server doesn't keep: a repeated one can't get the first answer.
TELL_SECRETS = {
    *("logIn", "claim", "acceptInvite", "signUp", "resetPassword", "beginSignIn"),
    *("makeInvite", "makeToken", "makeTokenOfBot", "makeReset"),
}
# tus says where an upload goes on. A file that is uploaded again is another one, and those that nobody posts are dropped.
UPLOADS = {"uploadFile", "beginUpload", "continueUpload", "dropUpload"}
# What is in no log: ending a connection twice ends it once.
IN_NO_LOG = {"signal", "endConnection"}


def test_every_command_that_changes_a_log_takes_a_client_message_id() -> None:
    without = {
        str(kind.__struct_config__.tag)
        for kind in RULES.commands.kinds
        if "client_message_id" not in kind.__struct_fields__ and not issubclass(kind, Question)
    }
    assert without == CHANGE_NO_LOG


def test_every_route_that_changes_a_log_takes_an_idempotency_key() -> None:
    operations = [route.operation for each in RESOURCES for route in each.routes if route.operation]
    without = {each.name for each in operations if each.method != "GET" and KEY not in each.takes}
    assert without == TELL_SECRETS | UPLOADS | IN_NO_LOG
