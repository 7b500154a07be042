// The files of a message for whoever has a token, which no address may have in it: pictures are drawn, everything else is saved.

import { useLayoutEffect, useState } from "preact/hooks";
import { t } from "../i18n/embedded.ts";
import { addressOf, altOf, type Getter, isPicture } from "../store/file.ts";
import type { wire } from "../store/sdk.ts";
import { Drawn } from "../ui/Drawn.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";

const MOST_WIDE = 360; // CSS pixels of a picture
const MOST_HIGH = 270;
const LARGE = 150_000; // bytes, up to which a picture is shown as it is

interface FileProps {
  of: wire.Attached;
  get?: Getter | undefined;
}

/** The box of a picture, in CSS pixels. */
export function boxOf({ width = 1, height = 1 }: wire.Attached): { width: number; height: number } {
  const scale = Math.min(1, MOST_WIDE / width, MOST_HIGH / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Whether a smaller one does in its place: that of an animation stands still. */
export const isLarge = ({ size, type }: wire.Attached): boolean => size > LARGE && type !== "image/gif";

/** A picture that no address leads to. */
function DrawnPicture({ of: file, get }: FileProps) {
  const [content, setContent] = useState<Blob>();
  const [why, setWhy] = useState("");
  useLayoutEffect(() => {
    const got = get?.(file.file, isLarge(file) ? 1280 : undefined).then((answer) => answer.blob());
    got?.then(setContent, (error: Error & { code?: string }) => setWhy(error.code === "not_found" ? t.fileGone : t.fileBroken));
  }, [file.file]);
  const box = boxOf(file);
  if (why) return <p class="missing">{why}</p>;
  if (!content) return <canvas {...box} role="img" aria-label={harmless(altOf(file))} />;
  return <Drawn of={content} label={harmless(altOf(file))} onError={() => setWhy(t.fileBroken)} {...box} />;
}

/** A row that saves a file. */
export function Saved({ of: { file, name, size, type }, get }: FileProps) {
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

interface GotFilesProps {
  of: readonly wire.Attached[];
  get: Getter;
}

export const GotFiles = ({ of: files, get }: GotFilesProps) => (
  <ul class="files" aria-label={t.files}>
    {files.map((file) => (
      <li key={file.file}>{isPicture(file) ? <DrawnPicture of={file} get={get} /> : <Saved of={file} get={get} />}</li>
    ))}
  </ul>
);
