// What a message says, or what stands for something else than text.

import { t } from "../i18n/index.ts";
import type { wire } from "../store/sdk.ts";
import { harmless } from "../ui/text.ts";
import { Written } from "./Written.tsx";

export function Body({ message, who }: { message: wire.Message; who: string }) {
  if (message.deleted) return <em class="instead">{t.deleted}</em>;
  if (message.arguments !== undefined) return <code>{harmless(JSON.stringify(message.arguments))}</code>;
  if (message.bytes !== undefined) return <em class="instead">{t.binary(atob(message.bytes).length)}</em>;
  return (
    <>
      <Written text={message.text ?? ""} message={message} who={who} />
      {message.edited_at && <small title={message.edited_at}> {t.edited}</small>}
    </>
  );
}
