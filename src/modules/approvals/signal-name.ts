/** Names of signals that users send and wait for, less those with a module's prefix. */
export const SIGNAL_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}$/;
