// Code in colours, for the languages below. Loaded when a code block of one of them is first shown.

import core from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import type { Code } from "./code.ts";

const LANGUAGES = { bash, c, cpp, csharp, css, diff, go, ini, java, javascript, json, python, ruby, rust, sql, typescript, xml, yaml };

const highlighter = core.newInstance();
for (const [name, language] of Object.entries(LANGUAGES)) highlighter.registerLanguage(name, language);
highlighter.registerAliases(["shell"], { languageName: "bash" });

/** A node of what highlight.js makes: a text, or what a part of the code is, with its parts. */
type Node = string | { scope?: string; children: Node[] };

// What parts of code look like here, by the first word of what highlight.js calls them.
const LOOKS: Record<string, string> = {
  ...each("keyword", "built_in", "literal", "type", "selector-tag", "operator", "name", "section"),
  ...each("string", "regexp", "addition", "selector-class", "selector-id", "char", "link"),
  ...each("number", "symbol", "bullet", "variable", "attr", "attribute", "template-variable", "property"),
  ...each("title", "function", "class", "params"),
  ...each("comment", "quote", "meta", "doctag", "deletion"),
};

/** The same look for all these, called after the first of them. */
function each(look: string, ...others: string[]): Record<string, string> {
  return Object.fromEntries([look, ...others].map((scope) => [scope, look]));
}

const partsOf = (node: Node): Code[] => {
  if (typeof node === "string") return [node];
  const children = node.children.flatMap(partsOf);
  const look = LOOKS[node.scope?.split(".")[0] ?? ""];
  return look ? [{ look, children }] : children;
};

/** The parts of some code; undefined if the language is unknown. */
export function highlight(code: string, language: string): Code[] | undefined {
  if (!highlighter.getLanguage(language)) return undefined;
  const { _emitter } = highlighter.highlight(code, { language, ignoreIllegals: true });
  return partsOf((_emitter as unknown as { rootNode: Node }).rootNode);
}
