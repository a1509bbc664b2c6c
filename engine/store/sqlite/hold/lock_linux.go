package hold

// setLock is F_OFD_SETLK: a lock of the open file, which ends when that one is closed.
const setLock = 37
