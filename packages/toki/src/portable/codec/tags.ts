/*
 * The form of a message: 32-bit words, read from front to back.
 *
 *   word            what follows
 *   .......1        nothing: an integer of 31 bits, in the upper bits
 *   payload tag 0   bit 0 is 0, bits 1-5 are the tag, bits 6-31 the payload; then data words, then other values ("children"), as the tag says
 *
 *   tag             payload           data words            children
 *   UNDEFINED..TRUE
 *   ABSENT                                                             a field of an error that it does not have
 *   DOUBLE                            2
 *   LATIN1          characters        1 per 4 characters
 *   UTF16           code units        1 per 2 units
 *   BIGINT64                          2
 *   BIGINT          1 if negative                           its hexadecimal digits
 *   HOLE            1                                                  only inside ARRAY
 *   LIST            values                                  the values   no object of its own: arguments, the errors of an AggregateError
 *   PROPS           properties                              key, value   no object of its own
 *   REF             number                                             the object with this number
 *   PARCEL          index                                              a value that travels beside the message
 *   OBJECT          properties                              key, value
 *   ARRAY           length                                  the elements
 *   NAMED_ARRAY     length                                  the elements, PROPS
 *   SPARSE                                                  length, PROPS
 *   MAP, SET        entries                                 key, value; value
 *   DATE                              2
 *   REGEXP                                                  source, flags
 *   BOXED                                                   the primitive
 *   ERROR           IS_DOM, IS_AGGREGATE                    class, its name in error-classes.ts, name, message, stack, cause,
 *                                                                      errors (LIST), PROPS
 *   BUFFER          bytes             1 per 4 bytes
 *   BYTES           bytes, view kind  1 per 4 bytes                    a view with a buffer of its own
 *   VIEW            view kind                               offset, length, buffer
 *   CROSSING        kind              2
 *   CARGO           index                                              a parcel that is the inside of an object
 *
 * Tags from REF on are objects. All but REF itself take the next number, in the order in which they begin; numbers begin at 0 in each message.
 *
 * A payload of MAX_PAYLOAD says that the payload is in the next word.
 *
 * Strings of up to SHORT code units are put into words by arithmetic, longer ones by the platform as bytes. All threads of a process have the same byte
 * order, so a message never meets another one.
 */
export const UNDEFINED = 1;
export const NULL = 2;
export const FALSE = 3;
export const TRUE = 4;
export const ABSENT = 5;
export const DOUBLE = 6;
export const LATIN1 = 7;
export const UTF16 = 8;
export const BIGINT64 = 9;
export const BIGINT = 10;
export const HOLE = 11;
export const LIST = 12;
export const PROPS = 13;
export const REF = 14;
export const PARCEL = 15;
export const OBJECT = 16;
export const ARRAY = 17;
export const NAMED_ARRAY = 18;
export const SPARSE = 19;
export const MAP = 20;
export const SET = 21;
export const DATE = 22;
export const REGEXP = 23;
export const BOXED = 24;
export const ERROR = 25;
export const BUFFER = 26;
export const BYTES = 27;
export const VIEW = 28;
export const CROSSING = 29;
export const CARGO = 30;

/** An ERROR that is a DOMException. */
export const IS_DOM = 1;
/** An ERROR that is an AggregateError. */
export const IS_AGGREGATE = 2;

export const TAG_MASK = 31;
export const PAYLOAD_SHIFT = 6;
export const MAX_PAYLOAD = 0x3ffffff;
/** Bits of BYTES's payload that say which view it is. */
export const VIEW_KIND_BITS = 4;
export const SHORT = 16;
/** Buffers of more bytes than this travel as parcels. */
export const MAX_INLINE_BYTES = 1 << 20;
/** The same where there are no parcels: then more is refused. */
export const MAX_BYTES = 1 << 26;
