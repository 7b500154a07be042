// Forms: what is wrong with a field is said beside it, and what no field is to blame for above the button.

import type { ComponentChildren, TargetedEvent } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { Why } from "./Text.tsx";

export interface Choice {
  value: string;
  label: string;
  hint?: string;
}

/** What an input may have besides its name. */
export interface InputAttributes {
  type?: string;
  required?: boolean;
  readOnly?: boolean;
  maxLength?: number;
  min?: number;
  max?: number;
  inputMode?: "numeric";
  autocomplete?: string;
  autocapitalize?: "none" | "sentences" | "words";
}

export interface FieldSpec {
  name: string;
  label: string;
  hint?: string;
  input?: InputAttributes;
  /** Instead of writing, one chooses one of these. */
  options?: Choice[];
  value?: string;
  autofocus?: boolean;
}

export type Values = Record<string, string>;

interface FormProps {
  fields: FieldSpec[];
  button: string;
  act(values: Values): Promise<unknown>;
  /** The name of the field that an error is about. */
  blame?(error: Error): string | undefined;
  children?: ComponentChildren;
  /** How much its button stands out. */
  look?: "primary" | "danger" | "plain";
}

const PLAIN = { autocapitalize: "none", spellcheck: false } as const;

/** A field with a label above it. */
export function Field({ spec, why = "" }: { spec: FieldSpec; why?: string }) {
  const id = useId();
  const shared = {
    id,
    name: spec.name,
    autofocus: spec.autofocus ?? false,
    "aria-describedby": spec.hint ? `${id}-hint ${id}-why` : `${id}-why`,
    "aria-invalid": why ? ("true" as const) : undefined,
  };
  return (
    <div class="field">
      <label for={id}>{spec.label}</label>
      {spec.options ? (
        <select {...shared}>
          {spec.options.map(({ value, label }) => (
            <option key={value} value={value} selected={value === spec.value}>
              {label}
            </option>
          ))}
        </select>
      ) : (
        <input {...PLAIN} {...(spec.input as object)} {...shared} defaultValue={spec.value} />
      )}
      <p class="why" id={`${id}-why`} role="alert">
        {why}
      </p>
      {spec.hint && (
        <p class="hint" id={`${id}-hint`}>
          {spec.hint}
        </p>
      )}
    </div>
  );
}

/** One of several choices, each with what it means. */
export const Choices = ({ label, name, choices }: { label: string; name: string; choices: Choice[] }) => (
  <fieldset>
    <legend>{label}</legend>
    {choices.map((each, i) => (
      <label class="choice" key={each.value}>
        <input type="radio" name={name} value={each.value} defaultChecked={i === 0} />
        <span>
          <strong>{each.label}</strong>
          <small>{each.hint}</small>
        </span>
      </label>
    ))}
  </fieldset>
);

const isUnchecked = ({ type, checked }: HTMLInputElement): boolean => (type === "radio" || type === "checkbox") && !checked;

/** What is in a form's fields: passwords as they are, all else without spaces around it. */
function valuesOf(form: HTMLFormElement): Values {
  const values: Values = {};
  for (const element of form.elements) {
    const isField = element instanceof HTMLInputElement || element instanceof HTMLSelectElement;
    if (!isField || !element.name || (element instanceof HTMLInputElement && isUnchecked(element))) continue;
    values[element.name] = element.type === "password" ? element.value : element.value.trim().normalize("NFC");
  }
  return values;
}

/** What the browser knows to be wrong with an input. */
function complaint(input: Element | RadioNodeList | null): string {
  if (!(input instanceof HTMLInputElement)) return "";
  if (input.required && !input.value.trim()) return t.fillThisIn;
  return input.type === "number" && !input.checkValidity() ? t.useRange(input.min, input.max) : "";
}

/** A form with its fields, whatever else belongs between them and the button, and what its button does, once at a time. */
export function Form({ fields, button, act, blame, children, look = "primary" }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [wrong, setWrong] = useState({ field: "", why: "" });
  const [isBusy, setBusy] = useState(false);
  const complain = (field: string, why: string) => {
    setWrong({ field, why });
    const input = form.current?.elements.namedItem(field);
    if (field && input instanceof HTMLElement) input.focus();
  };
  const submit = async (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    setWrong({ field: "", why: "" });
    const { elements } = event.currentTarget;
    const first = fields.find(({ name }) => complaint(elements.namedItem(name)));
    if (first) {
      complain(first.name, complaint(elements.namedItem(first.name)));
      return;
    }
    setBusy(true);
    await act(valuesOf(event.currentTarget)).catch((error: Error) => complain(blame?.(error) ?? "", error.message));
    setBusy(false);
  };
  return (
    <form ref={form} class="form" noValidate onSubmit={submit}>
      {fields.map((spec) => (
        <Field key={spec.name} spec={spec} why={wrong.field === spec.name ? wrong.why : ""} />
      ))}
      {children}
      <Why text={wrong.field ? "" : wrong.why} />
      <button type="submit" class={look} aria-disabled={isBusy ? "true" : undefined}>
        {button}
      </button>
    </form>
  );
}
