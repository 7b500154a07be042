// The files of a message: pictures in boxes of their size, players, and links that save.

import { t } from "../i18n/index.ts";
import type { wire } from "../store/sdk.ts";
import { harmless } from "../ui/text.ts";

const MOST_WIDE = 360; // CSS pixels of a picture
const MOST_HIGH = 270;

const addressOf = (file: string): string => `/api/v1/files/${encodeURIComponent(file)}`;

/** A picture: its place is kept while it loads. It opens whole in a tab of its own. */
function Picture({ of: { file, name, width = 1, height = 1 } }: { of: wire.Attached }) {
  const scale = Math.min(1, MOST_WIDE / width, MOST_HIGH / height);
  const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  return (
    <a class="picture" href={addressOf(file)} target="_blank" rel="noopener noreferrer" title={harmless(name)}>
      <img src={addressOf(file)} alt={harmless(name)} loading="lazy" decoding="async" {...size} />
    </a>
  );
}

interface Played {
  src: string;
  label: string;
}

// biome-ignore lint/a11y/useMediaCaption: what people upload has no captions
const Film = ({ src, label }: Played) => <video src={src} controls preload="none" aria-label={label} />;

// biome-ignore lint/a11y/useMediaCaption: what people upload has no captions
const Sound = ({ src, label }: Played) => <audio src={src} controls preload="none" aria-label={label} />;

const Saved = ({ of: { file, name, size } }: { of: wire.Attached }) => (
  <a class="file" href={addressOf(file)} download={harmless(name)} dir="auto">
    {harmless(name)} <small>{t.bytes(size)}</small>
  </a>
);

function Shown({ of: file }: { of: wire.Attached }) {
  const [kind] = file.type.split("/");
  if (kind === "image" && file.width && file.height) return <Picture of={file} />;
  const src = addressOf(file.file);
  const label = harmless(file.name);
  return (
    <>
      {kind === "video" && <Film src={src} label={label} />}
      {kind === "audio" && <Sound src={src} label={label} />}
      <Saved of={file} />
    </>
  );
}

export const Files = ({ of: files }: { of: wire.Attached[] }) => (
  <ul class="files" aria-label={t.files}>
    {files.map((file) => (
      <li key={file.file}>
        <Shown of={file} />
      </li>
    ))}
  </ul>
);
