// What was written and is not yet in the log: the rule beside it is dashed.

import { Attachments } from "../composer/Attachments.tsx";
import { t } from "../i18n/index.ts";
import { attachedTo, discard, type Unsent as Entry, repost, unsentIn } from "../store/sending.ts";
import { me } from "../store/state.ts";
import { Name } from "../ui/Text.tsx";
import { GAP, Speaker, Time } from "./Row.tsx";
import { Written } from "./Written.tsx";

export function Unsent({ room, label, id }: { room: string; label: string; id?: string }) {
  const entries = unsentIn(room);
  const { name } = me();
  return (
    <ol id={id} aria-label={label}>
      {entries.map((entry, i) => (
        <Pending key={entry.client_message_id} entry={entry} name={name} isGrouped={i > 0} />
      ))}
    </ol>
  );
}

function statusOf({ failed, isUnsure }: Entry, toUpload: number): string {
  if (failed) return t.notSent(failed);
  if (isUnsure) return t.notConfirmed;
  return toUpload ? t.sendingFiles(toUpload) : t.sending;
}

function Pending({ entry, name, isGrouped }: { entry: Entry; name: string; isGrouped: boolean }) {
  const { client_message_id: id, command, at, failed, isUnsure } = entry;
  const files = attachedTo(entry);
  const toUpload = files.filter((file) => file.state !== "whole").length;
  const names = ["message mine pending", isGrouped && "grouped", (failed || isUnsure) && "unsure", failed && "failed"];
  return (
    <li class={names.filter(Boolean).join(" ")}>
      <Speaker by={name} isSame={isGrouped} />
      <div class="main">
        <div class="said" dir="auto">
          <div class="body">
            {command.title && (
              <b>
                <Name text={String(command.title)} />
              </b>
            )}
            <Written text={String(command.text ?? "")} />
          </div>
          {GAP}
          <Time at={new Date(at).toISOString()} />
        </div>
        {files.length > 0 && <Attachments of={files} />}
        <div class="status">
          <span role={failed ? "alert" : undefined}>{statusOf(entry, toUpload)}</span>
          {failed && (
            <button type="button" onClick={() => repost(id)}>
              {t.retry}
            </button>
          )}
          {(failed || toUpload > 0) && (
            <button type="button" onClick={() => discard(id)}>
              {t.discard}
            </button>
          )}
        </div>
      </div>
    </li>
  );
}
