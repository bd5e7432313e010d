// Every text of the page, in the viewer's language: one flat catalogue each, English where one has no word.
import { locale } from "./choices.js";
import en from "./words/en.js";

const LANGUAGES = { en: "ltr", de: "ltr", ar: "rtl" };
const wanted = new Intl.Locale(locale()).language;
const language = wanted in LANGUAGES ? wanted : "en";
const catalogue = language === "en" ? en : (await import(`./words/${language}.js`)).default;
const plurals = new Intl.PluralRules(locale());
const digits = new Intl.NumberFormat(locale());

document.documentElement.lang = language === wanted ? locale() : "en";
document.documentElement.dir = LANGUAGES[language];

const pattern = (key, n) => (n === undefined ? catalogue[key] ?? en[key]
  : catalogue[`${key}.${plurals.select(n)}`] ?? catalogue[`${key}.other`] ?? en[`${key}.${n === 1 ? "one" : "other"}`]);

// {n} chooses the plural; numbers are written as the language writes them.
export function say(key, values = {}) {
  const found = pattern(key, values.n) ?? pattern(key) ?? key;
  return found.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? digits.format(values[name]) : values[name]));
}

// Of texts that the server has in every language, those in this one.
export const inMine = (texts) => texts[language] ?? texts.en ?? [];

export const digit = (n) => digits.format(n);

export const knows = (key) => key in en;
