// The files of a message: pictures in boxes of their size, players, and rows that save. They are got by their addresses, or by `get`.

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

interface ShownProps {
  of: wire.Attached;
  get?: Getter | undefined;
  /** Shows a picture whole, among others. */
  onOpen?: ((file: wire.Attached) => void) | undefined;
  /** Whether there is a connection: what could not be shown without one is then asked for again. */
  isConnected?: boolean | undefined;
}

/** The box of a picture, in CSS pixels. */
function boxOf({ width = 1, height = 1 }: wire.Attached): { width: number; height: number } {
  const scale = Math.min(1, MOST_WIDE / width, MOST_HIGH / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Whether a smaller one does in its place: that of an animation stands still. */
const isLarge = ({ size, type }: wire.Attached): boolean => size > LARGE && type !== "image/gif";

/** Why a file can't be shown or played. */
type Why = "gone" | "broken" | "away";

const wordsOf = (why: Why, isSeen: boolean): string =>
  isSeen
    ? { gone: t.fileGone, broken: t.fileBroken, away: t.fileAway }[why]
    : { gone: t.fileGone, broken: t.fileUnplayable, away: t.fileAwayToPlay }[why];

/** Whether a file is gone, only the server knows. */
const whyMissing = (file: string): Promise<Why> =>
  fetch(addressOf(file), { method: "HEAD" }).then(
    ({ ok, status }) => (ok ? "broken" : status === 404 ? "gone" : "away"),
    () => "away",
  );

/** What is said in place of a picture or a player, until there is one again. */
function Missing({ of: file, isConnected, again }: ShownProps & { again(): void }) {
  const [why, setWhy] = useState<Why>();
  useLayoutEffect(() => {
    whyMissing(file.file).then((now) => (why === "away" && now === "broken" ? again() : setWhy(now)));
  }, [isConnected]);
  return (
    <>
      <p class="missing">{why && wordsOf(why, isPicture(file))}</p>
      {why !== "gone" && <Saved of={file} />}
    </>
  );
}

/** A picture: its place is kept while it loads. */
function Picture({ of: file, onOpen, isConnected }: ShownProps) {
  const [isBroken, setBroken] = useState(false);
  if (isBroken) return <Missing of={file} isConnected={isConnected} again={() => setBroken(false)} />;
  const open = (click: MouseEvent) => {
    if (!onOpen || click.button || click.ctrlKey || click.metaKey || click.shiftKey) return;
    click.preventDefault();
    onOpen(file);
  };
  return (
    <a class="picture" href={addressOf(file.file)} target="_blank" rel="noopener noreferrer" title={harmless(file.name)} onClick={open}>
      <img
        src={addressOf(file.file)}
        srcset={isLarge(file) ? `${addressOf(file.file, 360)} 1x, ${addressOf(file.file, 1280)} 2x` : undefined}
        alt={harmless(altOf(file))}
        loading="lazy"
        decoding="async"
        {...boxOf(file)}
        onError={() => setBroken(true)}
      />
    </a>
  );
}

/** A picture that no address leads to. */
function DrawnPicture({ of: file, get }: ShownProps) {
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

/** A film or a sound. If it breaks off, it goes on from there. */
function Played({ of: file, isConnected }: ShownProps) {
  const [isBroken, setBroken] = useState(false);
  const [at, setAt] = useState(0);
  if (isBroken) return <Missing of={file} isConnected={isConnected} again={() => setBroken(false)} />;
  const Player = file.type.startsWith("video/") ? "video" : "audio";
  const broken = ({ currentTarget }: { currentTarget: HTMLMediaElement }) => {
    setAt(currentTarget.currentTime);
    setBroken(true);
  };
  return (
    <>
      <Player
        src={`${addressOf(file.file)}${at ? `#t=${at}` : ""}`}
        controls
        preload="none"
        aria-label={harmless(file.name)}
        onError={broken}
      />
      <Saved of={file} />
    </>
  );
}

/** A row that saves a file. */
function Saved({ of: { file, name, size, type }, get }: ShownProps) {
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

function Shown({ of: file, get, ...more }: ShownProps) {
  if (isPicture(file)) return get ? <DrawnPicture of={file} get={get} /> : <Picture of={file} {...more} />;
  const isPlayed = /^(video|audio)\//.test(file.type) && !get;
  return isPlayed ? <Played of={file} {...more} /> : <Saved of={file} get={get} />;
}

interface FilesProps {
  of: readonly wire.Attached[];
  get?: Getter | undefined;
  /** The pictures among which one is shown: those of the message, unless it stands among others. */
  among?(): readonly wire.Attached[];
  isConnected?: boolean;
}

export function Files({ of: files, get, isConnected, among = () => files.filter(isPicture) }: FilesProps) {
  const open = (file: wire.Attached) =>
    import("./Viewer.tsx").then(
      ({ showPicture }) => showPicture(file, among()),
      () => window.open(addressOf(file.file), "_blank", "noopener"), // there is no connection
    );
  return (
    <ul class="files" aria-label={t.files}>
      {files.map((file) => (
        <li key={file.file}>
          <Shown of={file} get={get} onOpen={open} isConnected={isConnected} />
        </li>
      ))}
    </ul>
  );
}
