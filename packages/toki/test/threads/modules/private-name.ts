// A function whose name begins with the character that ends the URL of its module.
import { fn } from "toki";

export class Greeter {
  static *#greet(name: string): Generator<never, string> {
    return `hello ${name}`;
  }

  static readonly greet = fn(import.meta, Greeter.#greet);
}
