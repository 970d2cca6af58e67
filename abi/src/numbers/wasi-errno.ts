// Results of the WASI functions (`errno`).

/** Success. */
export const ERRNO_SUCCESS = 0;
/** Bad file descriptor. */
export const ERRNO_BADF = 8;
/** Not a directory. */
export const ERRNO_NOTDIR = 20;
/** Bad address. */
export const ERRNO_FAULT = 21;
/** Invalid argument. */
export const ERRNO_INVAL = 28;
/** No such file or directory. */
export const ERRNO_NOENT = 44;
/** Function not supported. */
export const ERRNO_NOSYS = 52;
/** Operation not supported. */
export const ERRNO_NOTSUP = 58;
/** Capability denied. */
export const ERRNO_NOTCAPABLE = 76;
