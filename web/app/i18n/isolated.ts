// Names within sentences, each with a direction of its own: a Hebrew name must not turn the English words beside it about, nor the other way round.

const RTL = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;
const LTR = /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]/u;
const [BEGIN, END] = ["\u2068", "\u2069"]; // Unicode's isolate that takes its direction from what is in it

interface Language {
  direction: string;
}

/** A catalogue that isolates what is put into its sentences, if that runs the other way. What is in `names` is a name itself. */
export function isolating<Catalogue extends Language>(catalogue: Catalogue, names: readonly (keyof Catalogue)[] = []): Catalogue {
  const turns = catalogue.direction === "rtl" ? LTR : RTL;
  const isolate = (given: unknown): unknown => {
    if (Array.isArray(given)) return given.map(isolate);
    return typeof given === "string" && turns.test(given) ? `${BEGIN}${given}${END}` : given;
  };
  const within = (value: unknown): unknown => {
    if (typeof value === "function") return (...given: unknown[]) => value(...given.map(isolate));
    if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, within(each)]));
  };
  const kept = Object.fromEntries(names.map((name) => [name, catalogue[name]]));
  return { ...(within(catalogue) as Catalogue), ...kept };
}
