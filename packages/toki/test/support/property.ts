import fc from "fast-check";

// Without it a list for which only `maxLength` is said has ten items at most, whatever that is.
fc.configureGlobal({ ...fc.readConfigureGlobal(), defaultSizeToMaxWhenMaxSpecified: true });

export default fc;
