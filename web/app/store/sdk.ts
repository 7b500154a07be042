// What views need of the SDK: types, and pure functions over messages.

export { type Entry, Refused, reactedWith, whoOf, type wire } from "#sdk";
