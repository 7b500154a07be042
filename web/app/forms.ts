// Forms: what is wrong with a field is said beside it, and what no field is to blame for above the button.

import { make } from "./dom.ts";

type Input = HTMLInputElement | HTMLSelectElement;

export interface Field {
  root: HTMLElement;
  input: Input;
  /** What the input holds. */
  value(): string;
  /** Say what is wrong, or with an empty text nothing any more. */
  complain(why: string): void;
}

interface Choice {
  value: string;
  label: string;
  hint?: string;
}

interface Act {
  fields: Field[];
  button: string;
  act(): Promise<void>;
  /** The field that an error is about. */
  blame?(error: Error): Field | undefined;
}

let fields = 0;

/** A field with a label above it; `attributes` are those of its input. */
export function field(label: string, attributes: Record<string, string>, hint = ""): Field {
  const input = make("input", { attributes: { autocapitalize: "none", spellcheck: "false", ...attributes } });
  return labelled(label, input, hint);
}

/** A field in which one of several values is chosen. */
export function selection(label: string, choices: Choice[], chosen: string): Field {
  const options = choices.map((each) => make("option", { value: each.value, selected: each.value === chosen }, each.label));
  return labelled(label, make("select", {}, ...options), "");
}

function labelled(label: string, input: Input, hint: string): Field {
  const id = `field-${++fields}`;
  const error = make("p", { className: "why", id: `${id}-why`, attributes: { role: "alert" } });
  const help = hint ? make("p", { className: "hint", id: `${id}-hint` }, hint) : undefined;
  input.id = id;
  input.setAttribute("aria-describedby", help ? `${help.id} ${error.id}` : error.id);
  const root = make("div", { className: "field" }, make("label", { htmlFor: id }, label), input, error, help);
  return {
    root,
    input,
    value: () => input.value.trim().normalize("NFC"),
    complain(why) {
      error.textContent = why;
      if (why) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      if (why) input.focus();
    },
  };
}

/** One of several choices, each with what it means. */
export function choice(label: string, name: string, choices: Choice[]): { root: HTMLElement; value(): string } {
  const inputs = choices.map(({ value }, i) => make("input", { type: "radio", name, value, checked: i === 0 }));
  const labels = choices.map((each, i) =>
    make("label", { className: "choice" }, inputs[i], make("span", {}, make("strong", {}, each.label), make("small", {}, each.hint ?? ""))),
  );
  return {
    root: make("fieldset", {}, make("legend", {}, label), ...labels),
    value: () => inputs.find((input) => input.checked)?.value ?? "",
  };
}

/** A form with its fields, whatever else belongs `between` them and the button, and what its button does, once at a time. */
export function form({ fields, button, act, blame }: Act, ...between: Node[]): HTMLFormElement {
  const why = make("p", { className: "why", attributes: { role: "alert" } });
  const submit = make("button", { className: "primary" }, button);
  const element = make("form", { noValidate: true }, ...fields.map(({ root }) => root), ...between, why, submit);
  let isBusy = false;
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isBusy) return;
    why.textContent = "";
    for (const each of fields) each.complain("");
    const empty = fields.find((each) => each.input.required && !each.input.value.trim());
    if (empty) {
      empty.complain("Fill this in");
      return;
    }
    isBusy = true;
    submit.setAttribute("aria-disabled", "true");
    try {
      await act();
    } catch (error) {
      const { message } = error as Error;
      const blamed = blame?.(error as Error);
      if (blamed) blamed.complain(message);
      else why.textContent = message;
    } finally {
      isBusy = false;
      submit.removeAttribute("aria-disabled");
    }
  });
  return element;
}
