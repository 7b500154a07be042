// What is behind the links of a message: cards of plain text. Nothing of them comes from the sites themselves.

import { t } from "../i18n/embedded.ts";
import type { wire } from "../store/sdk.ts";
import { Icon } from "../ui/Icon.tsx";
import { harmless } from "../ui/text.ts";

interface PreviewsProps {
  of: readonly wire.LinkPreview[];
  tabIndex?: number;
  /** Takes a card away; without it, nobody may. */
  onRemove?: ((url: string) => void) | undefined;
}

/** The host, which says whose page it is, and what the page itself calls its site. */
function siteOf({ site, url }: wire.LinkPreview): string {
  const host = URL.canParse(url) ? new URL(url).host : url;
  return site && site !== host ? `${host} · ${site}` : host;
}

export const Previews = ({ of: previews, tabIndex, onRemove }: PreviewsProps) => (
  <ul class="previews" aria-label={t.previews}>
    {previews.map((preview) => (
      <li key={preview.url} dir="auto">
        <small dir="ltr">{harmless(siteOf(preview))}</small>
        <a href={preview.url} target="_blank" rel="noopener noreferrer" tabIndex={tabIndex}>
          {harmless(preview.title)}
        </a>
        {preview.description && <p>{harmless(preview.description)}</p>}
        {onRemove && (
          <button
            type="button"
            class="quiet"
            aria-label={t.removePreview(harmless(preview.title))}
            title={t.removeThisPreview}
            onClick={() => onRemove(preview.url)}
          >
            <Icon name="close" />
          </button>
        )}
      </li>
    ))}
  </ul>
);
