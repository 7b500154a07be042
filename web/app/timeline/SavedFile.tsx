// A file of a message as a row that saves it, from its address or with what gets it.

import { useState } from "preact/hooks";
import { t } from "../i18n/embedded.ts";
import { addressOf, type Getter } from "../store/file.ts";
import type { wire } from "../store/sdk.ts";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";

interface SavedFileProps {
  of: wire.Attached;
  get?: Getter | undefined;
}

export function SavedFile({ of: { file, name, size, type }, get }: SavedFileProps) {
  const [why, setWhy] = useState("");
  const [kind] = type.split("/");
  const save = async (click: MouseEvent) => {
    if (!get) return;
    click.preventDefault();
    setWhy("");
    const content = await get(file).then(
      (answer) => answer.blob(),
      () => undefined,
    );
    if (content) saveAs(content, name);
    else setWhy(t.fileGone);
  };
  return (
    <>
      <a class="file" href={addressOf(file)} download={harmless(name)} onClick={save}>
        {!get && <Icon name={kind === "application" ? "file" : "save"} />}
        <Name text={name} />
        <small>{`${t.typeOf(name, type)} · ${t.bytes(size)}`}</small>
      </a>
      {why && <p class="missing">{why}</p>}
    </>
  );
}

/** Let the browser save something that is here already. */
function saveAs(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = harmless(name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // once it is being saved
}
