// The message that another forwards, for those who may read it.

import { useLayoutEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { sourceOf } from "../store/managing.ts";
import { nameOf } from "../store/names.ts";
import type { wire } from "../store/sdk.ts";
import { Name } from "../ui/Text.tsx";
import { Body } from "./Body.tsx";
import { MessageFiles } from "./MessageFiles.tsx";

type Found = { message: wire.Message | null } | undefined;

export function Forwarded({ room, seq, who }: { room: string; seq: number; who: string }) {
  const [found, setFound] = useState<Found>();
  const [why, setWhy] = useState("");
  useLayoutEffect(() => {
    sourceOf(room, seq).then(setFound, (error: Error) => setWhy(error.message));
  }, []);
  const message = found?.message;
  if (!message) return <p class="forwarded instead">{why || (found ? t.notForYou : t.looking)}</p>;
  return (
    <blockquote class="forwarded" dir="auto">
      <small>
        {t.forwardedFrom} <Name text={nameOf(message.by)} />
      </small>
      <div class="body">
        <Body message={message} who={who} />
      </div>
      <MessageFiles of={message} />
    </blockquote>
  );
}
