// What else one may do with a message: keep it, pass it on, see what it said before, and moderate.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { openForwarding } from "../panels/Forwarding.tsx";
import { openRestraining } from "../panels/Restraining.tsx";
import { openVersions } from "../panels/Versions.tsx";
import { roomOf } from "../store/address.ts";
import { askRights, type Rights } from "../store/managing.ts";
import { isAccount } from "../store/names.ts";
import { isThread } from "../store/panel.ts";
import { markUnread } from "../store/reading.ts";
import { save } from "../store/saved.ts";
import { say } from "../store/screen.ts";
import { whoOf, type wire } from "../store/sdk.ts";
import { remove } from "../store/sending.ts";
import { accountOf } from "../store/state.ts";
import { openConfirmation } from "../ui/Confirm.tsx";

interface MoreProps {
  room: string;
  message: wire.Message;
  who: string;
  done(): void;
}

export function More({ room, message, who, done }: MoreProps) {
  const [rights, setRights] = useState<Rights>({});
  const first = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    first.current?.focus();
    askRights(room).then(setRights, () => setRights({})); // what one may not know, one may not do
  }, []);
  useLayoutEffect(() => first.current?.closest(".tools")?.scrollIntoView({ block: "nearest" }), [rights]);
  const isMember = accountOf()?.row(roomOf(room)) !== undefined;
  const tell = (doing: Promise<unknown>, words: string) => {
    doing.then(
      () => say(words),
      (error: Error) => say(error.message),
    );
    done();
  };
  const open = (window: () => void) => () => {
    done();
    window();
  };
  const of = { room, message: message.seq };
  return (
    <>
      <button type="button" ref={first} onClick={() => tell(save(room, message.seq), t.messageSaved)}>
        {t.saveMessage}
      </button>
      <button type="button" onClick={open(() => openForwarding(of))}>
        {t.forward}
      </button>
      {isMember && !isThread(room) && (
        <button type="button" onClick={() => tell(markUnread(room), t.markedUnread)}>
          {t.markUnread}
        </button>
      )}
      {message.edited_at && (
        <button type="button" onClick={open(() => openVersions(room, message.seq))}>
          {t.versions}
        </button>
      )}
      {whoOf(message) !== who && <Moderating room={room} message={message} rights={rights} open={open} />}
    </>
  );
}

interface ModeratingProps {
  room: string;
  message: wire.Message;
  rights: Rights;
  open(window: () => void): () => void;
}

function Moderating({ room, message: { seq, by }, rights, open }: ModeratingProps) {
  const mayRestrain = rights.moderate?.allowed && isAccount(by);
  const ask = () =>
    openConfirmation({ title: t.deleteOfOther, text: t.deleteMeans, button: t.delete, act: async () => void (await remove(room, seq)) });
  return (
    <>
      {mayRestrain && (
        <>
          <button type="button" onClick={open(() => openRestraining("mutes", roomOf(room), by))}>
            {t.muteFor}
          </button>
          <button type="button" onClick={open(() => openRestraining("bans", roomOf(room), by))}>
            {t.banFor}
          </button>
        </>
      )}
      {rights.delete_any?.allowed && (
        <button type="button" class="danger" onClick={open(ask)}>
          {t.deleteFor}
        </button>
      )}
    </>
  );
}
