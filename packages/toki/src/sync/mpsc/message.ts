import { invalidArgument } from "../../internal/invalid-argument.js";

/** Refuses the one message that the receiver could not tell from the end of the channel. @internal */
export function refuseUndefined(where: string, argument: string): never {
  throw invalidArgument(
    where,
    argument,
    "anything but undefined, which recv gives when the channel has ended (send true or null instead)",
    undefined,
  );
}
