// The files of a message by their addresses: pictures in boxes of their size, players, and rows that save.

import { useLayoutEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { addressOf, altOf, type Getter, isPicture } from "../store/file.ts";
import type { wire } from "../store/sdk.ts";
import { harmless } from "../ui/text.ts";
import { FetchedFiles } from "./FetchedFiles.tsx";
import { boxOf, isLarge } from "./pictures.ts";
import { SavedFile } from "./SavedFile.tsx";

interface ShownProps {
  of: wire.Attached;
  /** Shows a picture whole, among others. */
  onOpen?: ((file: wire.Attached) => void) | undefined;
  /** Whether there is a connection: what could not be shown without one is then asked for again. */
  isConnected?: boolean | undefined;
}

/** Why a file can't be shown or played. */
type Why = "gone" | "broken" | "away";

const wordsOf = (why: Why, file: wire.Attached): string =>
  ({ gone: t.fileGone, broken: isPicture(file) ? t.fileBroken : t.fileUnplayable, away: t.fileAway })[why];

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
      <p class="missing">{why && wordsOf(why, file)}</p>
      {why !== "gone" && <SavedFile of={file} />}
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

/** One at a time can be heard. */
function pauseOthers({ currentTarget: player }: { currentTarget: HTMLMediaElement }): void {
  for (const other of document.querySelectorAll<HTMLMediaElement>("audio, video")) if (other !== player) other.pause();
}

/** Video or audio. If it breaks off, it goes on from there. */
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
        onPlay={pauseOthers}
        onError={broken}
      />
      <SavedFile of={file} />
    </>
  );
}

function Shown(props: ShownProps) {
  const { of: file } = props;
  if (isPicture(file)) return <Picture {...props} />;
  return /^(video|audio)\//.test(file.type) ? <Played {...props} /> : <SavedFile of={file} />;
}

interface FilesProps {
  of: readonly wire.Attached[];
  /** What gets them, if their addresses don't. */
  get?: Getter | undefined;
  /** The pictures among which one is shown: those of the message, unless it stands among others. */
  among?(): readonly wire.Attached[];
  isConnected?: boolean;
}

export function Files({ of: files, get, isConnected, among = () => files.filter(isPicture) }: FilesProps) {
  if (get) return <FetchedFiles of={files} get={get} />;
  const open = (file: wire.Attached) =>
    import("./Viewer.tsx").then(
      ({ showPicture }) => showPicture(file, among()),
      () => window.open(addressOf(file.file), "_blank", "noopener"), // there is no connection
    );
  return (
    <ul class="files" aria-label={t.files}>
      {files.map((file) => (
        <li key={file.file}>
          <Shown of={file} onOpen={open} isConnected={isConnected} />
        </li>
      ))}
    </ul>
  );
}
