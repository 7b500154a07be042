// A text with what is in it: Markdown, links, names of rooms, mentions of oneself, and the server's emoji.

import { t } from "../i18n/embedded.ts";
import { type Code, partsOf } from "../markdown/code.ts";
import { treeOf } from "../markdown/index.ts";
import type { Tree } from "../markdown/parse.ts";
import { addressOf } from "../store/address.ts";
import { splitAtRooms } from "../store/aliases.ts";
import { splitAtMentions } from "../store/mentions.ts";
import type { wire } from "../store/sdk.ts";
import { harmless, splitAtLinks } from "../ui/text.ts";
import { EmojiText } from "./EmojiText.tsx";

const PLAIN = /^[^#:@]*$/; // no link, no room, no mention and no emoji
const MOST_LINES = 20; // of code, without scrolling
const MOST_COLUMNS = 30;

/** What an inner part must know: the message, for its mentions, and who one is. */
interface Context {
  message?: wire.Message | undefined;
  who?: string | undefined;
}

type PartProps<What> = Context & { of: What };

const Link = ({ url, children }: { url: string; children?: preact.ComponentChildren }) => (
  <a href={url} target="_blank" rel="noopener noreferrer" title={children ? url : undefined}>
    {children ?? url}
  </a>
);

/** A text in which mentions of oneself are marked. */
function Mentions({ of: text, message, who }: PartProps<string>) {
  if (!message || who === undefined) return <EmojiText text={text} />;
  return (
    <>{splitAtMentions(text, message, who).map((part, i) => (i % 2 ? <mark key={i}>{part}</mark> : <EmojiText key={i} text={part} />))}</>
  );
}

/** A text in which rooms that one knows are links to them. */
const Rooms = ({ of: text, ...context }: PartProps<string>) => (
  <>
    {splitAtRooms(text).map((part, i) =>
      typeof part === "string" ? (
        <Mentions key={i} of={part} {...context} />
      ) : (
        <a key={i} href={addressOf(part.room)} rel="noopener noreferrer" title={harmless(part.title)}>
          {part.alias}
        </a>
      ),
    )}
  </>
);

/** A text with links that can be followed. */
const Links = ({ of: text, ...context }: PartProps<string>) => (
  <>{splitAtLinks(text).map((part, i) => (i % 2 ? <Link key={i} url={part} /> : <Rooms key={i} of={part} {...context} />))}</>
);

const Parts = ({ of: parts }: { of: Code[] }) => (
  <>
    {parts.map((part, i) =>
      typeof part === "string" ? (
        part
      ) : (
        <span key={i} class={`code-${part.look}`}>
          <Parts of={part.children} />
        </span>
      ),
    )}
  </>
);

/** Whether there may be more of some code than one sees at once. */
function isLong(code: string): boolean {
  const lines = code.split("\n");
  return lines.length > MOST_LINES || lines.some(({ length }) => length > MOST_COLUMNS);
}

/** A block of code, of bounded height. */
function Block({ code, language }: { code: string; language: string }) {
  return (
    // Whoever has no mouse scrolls with the keyboard.
    <pre dir="ltr" {...(isLong(code) && { tabIndex: 0, role: "group", "aria-label": t.code })}>
      <code>
        <Parts of={partsOf(code, language)} />
      </code>
    </pre>
  );
}

function Node({ of: node, isLinked, ...context }: PartProps<Tree> & { isLinked: boolean }) {
  if (typeof node === "string") return isLinked ? <Mentions of={node} {...context} /> : <Links of={node} {...context} />;
  const { tag: Tag, href, children, language } = node;
  const [first] = children;
  if (Tag === "pre") return <Block code={first as string} language={language ?? ""} />;
  if (Tag === "code") return <code>{first as string}</code>;
  const inner = <Nodes of={children} isLinked={isLinked || href !== undefined} {...context} />;
  if (Tag === "a") return href ? <Link url={href}>{inner}</Link> : inner;
  const Shown = Tag as "p";
  return <Shown>{inner}</Shown>;
}

const Nodes = ({ of: nodes, ...rest }: PartProps<Tree[]> & { isLinked: boolean }) => (
  <>
    {nodes.map((node, i) => (
      <Node key={i} of={node} {...rest} />
    ))}
  </>
);

/** What somebody wrote. */
export function Written({ text, ...context }: Context & { text: string }) {
  const shown = harmless(text.replaceAll("\r\n", "\n"));
  const tree = treeOf(shown);
  if (!tree) return PLAIN.test(shown) ? shown : <Links of={shown} {...context} />;
  // A single paragraph stands in the line, so that the time can follow it.
  const [only, more] = tree;
  const inner = !more && typeof only === "object" && only.tag === "p" ? only.children : tree;
  return <Nodes of={inner} isLinked={false} {...context} />;
}
