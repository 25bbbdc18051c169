import { invalidArgument } from "../internal/invalid-argument.js";
import { IoError } from "../io/io-error.js";
import { signalNumbers } from "./signal-numbers.js";

/**
 * Which signal to listen for.
 *
 * @example
 * ```ts
 * import { SignalKind } from "toki/signal";
 *
 * console.log(SignalKind.terminate().name); // SIGTERM
 * console.log(SignalKind.fromRaw(2).name); // SIGINT
 * ```
 */
export class SignalKind {
  /** The platform's name of the signal, such as `SIGTERM`. */
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /** The kind of a signal's name, such as `"SIGTERM"`. @internal */
  static named(name: string): SignalKind {
    return new SignalKind(name);
  }

  /** `SIGHUP`: the terminal is gone; for daemons, by custom, read the configuration again. */
  static hangup(): SignalKind {
    return new SignalKind("SIGHUP");
  }

  /** `SIGINT`: Ctrl-C. */
  static interrupt(): SignalKind {
    return new SignalKind("SIGINT");
  }

  /** `SIGTERM`: the process is asked to end. */
  static terminate(): SignalKind {
    return new SignalKind("SIGTERM");
  }

  /** `SIGQUIT`: Ctrl-\. */
  static quit(): SignalKind {
    return new SignalKind("SIGQUIT");
  }

  /** `SIGUSR1`. Node starts its debugger on it, unless somebody listens. */
  static userDefined1(): SignalKind {
    return new SignalKind("SIGUSR1");
  }

  /** `SIGUSR2`. */
  static userDefined2(): SignalKind {
    return new SignalKind("SIGUSR2");
  }

  /** `SIGPIPE`: a write to a pipe that nobody reads. */
  static pipe(): SignalKind {
    return new SignalKind("SIGPIPE");
  }

  /** `SIGALRM`: a timer of the operating system has expired. */
  static alarm(): SignalKind {
    return new SignalKind("SIGALRM");
  }

  /** `SIGCHLD`: a child process has changed its state. */
  static child(): SignalKind {
    return new SignalKind("SIGCHLD");
  }

  /** `SIGIO`: a descriptor is ready. */
  static io(): SignalKind {
    return new SignalKind("SIGIO");
  }

  /** `SIGWINCH`: the terminal has another size. */
  static windowChange(): SignalKind {
    return new SignalKind("SIGWINCH");
  }

  /** `SIGINFO`: Ctrl-T, on systems that have it. */
  static info(): SignalKind {
    return new SignalKind("SIGINFO");
  }

  /**
   * The kind of a signal number of this platform.
   *
   * @throws IoError (`unsupported`) if the platform has no such signal
   */
  static fromRaw(value: number): SignalKind {
    if (!Number.isInteger(value)) throw invalidArgument("SignalKind.fromRaw", "value", "an integer", value);
    for (const [name, number] of Object.entries(signalNumbers() ?? {})) {
      if (number === value) return new SignalKind(name);
    }
    throw new IoError("unsupported", `SignalKind.fromRaw: no signal has the number ${value} here`, { code: "EINVAL" });
  }

  /**
   * The signal's number on this platform.
   *
   * @throws IoError (`unsupported`) if the platform does not have the signal
   */
  asRawValue(): number {
    const value = signalNumbers()?.[this.name];
    if (value === undefined) {
      throw new IoError("unsupported", `SignalKind.asRawValue: there is no ${this.name} here`, { code: "EINVAL" });
    }
    return value;
  }

  /** The signal's name. */
  toString(): string {
    return this.name;
  }
}
