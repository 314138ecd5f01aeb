//! The layer itself: sqlite.org/vfs.html. Files of folders nobody watches are handed to SQLite's own layer as they are;
//! for the others each call is looked at, done on the real file, and noted.
#![allow(unsafe_code, reason = "SQLite's interface to the system is C")]

use crate::{
    Call, Fault, SECTOR,
    disk::{Inner, Meets, disk_of},
};
use rusqlite::ffi;
use std::{
    ffi::{CStr, OsStr, c_char, c_int, c_void},
    mem,
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr, slice,
    sync::{Arc, OnceLock},
};

/// One handle of SQLite's on a watched file; SQLite's own handle lies behind it in the same memory.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    /// Made at opening, dropped at closing.
    watched: *mut Watched,
}

struct Watched {
    inner: Arc<Inner>,
    file: u64,
    /// The folder is synced with the first sync of a new journal or log (os_unix.c, `UNIXFILE_DIRSYNC`).
    syncs_folder: bool,
}

const HANDLE: usize = mem::size_of::<Handle>();

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // no memory mapping: what is read must be seen
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Makes the shim SQLite's default layer in this process, once; SQLite's result code where it refuses.
pub(crate) fn register() -> Result<(), c_int> {
    static REGISTERED: OnceLock<c_int> = OnceLock::new();
    // SAFETY: the layer found is SQLite's own and lives for ever, and so does ours, which is leaked.
    let code = *REGISTERED.get_or_init(|| unsafe {
        let own = ffi::sqlite3_vfs_find(ptr::null());
        if own.is_null() {
            return ffi::SQLITE_ERROR;
        }
        let ours = ffi::sqlite3_vfs {
            // no system calls to be replaced
            iVersion: 2,
            szOsFile: (*own).szOsFile + c_int::try_from(HANDLE).unwrap_or(c_int::MAX),
            mxPathname: (*own).mxPathname,
            pNext: ptr::null_mut(),
            zName: c"payung-faults".as_ptr(),
            pAppData: own.cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: Some(get_last_error),
            xCurrentTimeInt64: Some(current_time_int64),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        };
        ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1)
    });
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(code) }
}

/// SQLite's own layer behind ours.
unsafe fn own(vfs: *mut ffi::sqlite3_vfs) -> *mut ffi::sqlite3_vfs {
    unsafe { (*vfs).pAppData.cast() }
}

/// SQLite's own handle behind ours.
unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    unsafe { file.cast::<u8>().add(HANDLE).cast() }
}

unsafe fn watched<'f>(file: *mut ffi::sqlite3_file) -> &'f mut Watched {
    unsafe { &mut *(*file.cast::<Handle>()).watched }
}

unsafe fn path_of<'p>(name: *const c_char) -> Option<&'p Path> {
    if name.is_null() {
        return None;
    }
    Some(Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes())))
}

/// Calls a function of SQLite's own layer, which has all that are called here.
macro_rules! of {
    ($table:expr, $function:ident($($argument:expr),*)) => {
        match (*$table).$function {
            Some(function) => function($($argument),*),
            None => ffi::SQLITE_ERROR,
        }
    };
}

/// A function of SQLite's own handle on the same file.
macro_rules! of_file {
    ($file:expr, $function:ident($($argument:expr),*)) => {
        of!((*real($file)).pMethods, $function(real($file) $(, $argument)*))
    };
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    unsafe {
        let own = own(vfs);
        let Some((path, (inner, short))) = path_of(name).and_then(|path| Some((path, disk_of(path)?))) else {
            return of!(own, xOpen(own, name, file, flags, out_flags));
        };
        (*file).pMethods = ptr::null();
        let mut state = inner.state();
        let was_there = path.exists();
        match state.meets(Call::Open) {
            // an existing file opens on a full disk
            Meets::Nothing => {}
            Meets::Fault(Fault::Full) if was_there => {}
            _ => return ffi::SQLITE_CANTOPEN,
        }
        (*real(file)).pMethods = ptr::null();
        let code = of!(own, xOpen(own, name, real(file), flags, out_flags));
        if code != ffi::SQLITE_OK {
            return code;
        }
        let Ok(number) = state.entries.opened(inner.folder(), short, was_there) else {
            of_file!(file, xClose());
            return ffi::SQLITE_CANTOPEN;
        };
        drop(state);
        let new_kinds = ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL;
        let syncs_folder = flags & ffi::SQLITE_OPEN_CREATE != 0 && flags & new_kinds != 0;
        (*file.cast::<Handle>()).watched = Box::into_raw(Box::new(Watched { inner, file: number, syncs_folder }));
        (*file).pMethods = &raw const METHODS;
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    unsafe {
        let code = of_file!(file, xClose());
        let watched = Box::from_raw((*file.cast::<Handle>()).watched);
        watched.inner.state().entries.file(watched.file).open -= 1;
        (*file).pMethods = ptr::null();
        code
    }
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    unsafe {
        let own = own(vfs);
        let Some((path, (inner, short))) = path_of(name).and_then(|path| Some((path, disk_of(path)?))) else {
            return of!(own, xDelete(own, name, sync_folder));
        };
        let mut state = inner.state();
        if !path.exists() {
            return ffi::SQLITE_IOERR_DELETE_NOENT;
        }
        match state.meets(Call::Delete) {
            Meets::Nothing => {}
            Meets::Fault(Fault::Power) => {
                // begun and never confirmed
                state.entries.deleted(short);
                of!(own, xDelete(own, name, 0));
                return ffi::SQLITE_IOERR_DELETE;
            }
            _ => return ffi::SQLITE_IOERR_DELETE,
        }
        let code = of!(own, xDelete(own, name, 0));
        if code == ffi::SQLITE_OK {
            state.entries.deleted(short);
            if sync_folder & 1 != 0 && state.entries.sync(inner.folder()).is_err() {
                return ffi::SQLITE_IOERR_DIR_FSYNC;
            }
        }
        code
    }
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, to: *mut c_void, length: c_int, at: i64) -> c_int {
    unsafe {
        if watched(file).inner.state().meets(Call::Read) != Meets::Nothing {
            return ffi::SQLITE_IOERR_READ;
        }
        of_file!(file, xRead(to, length, at))
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, length: c_int, at: i64) -> c_int {
    unsafe {
        let watched = watched(file);
        let mut state = watched.inner.state();
        let bytes = slice::from_raw_parts(from.cast::<u8>(), usize::try_from(length).unwrap_or(0));
        let met = state.meets(Call::Write);
        let (written, code) = match met {
            Meets::Nothing => (bytes.len(), ffi::SQLITE_OK),
            Meets::NoPower => (0, ffi::SQLITE_IOERR_WRITE),
            // under way when the power went: it may be there or not
            Meets::Fault(Fault::Power) => (bytes.len(), ffi::SQLITE_IOERR_WRITE),
            Meets::Fault(fault) => {
                let sectors = state.rng.usize(..=bytes.len().div_ceil(usize::try_from(SECTOR).unwrap_or(1)));
                let written = (sectors * usize::try_from(SECTOR).unwrap_or(1)).min(bytes.len().saturating_sub(1));
                (written, if fault == Fault::Full { ffi::SQLITE_FULL } else { ffi::SQLITE_IOERR_WRITE })
            }
        };
        if written > 0 {
            let done = of_file!(file, xWrite(from, c_int::try_from(written).unwrap_or(length), at));
            if done != ffi::SQLITE_OK {
                return done;
            }
            state.entries.file(watched.file).write(at.unsigned_abs(), &bytes[..written]);
        }
        code
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    unsafe {
        let watched = watched(file);
        let mut state = watched.inner.state();
        let met = state.meets(Call::Truncate);
        if !matches!(met, Meets::Nothing | Meets::Fault(Fault::Power)) {
            return ffi::SQLITE_IOERR_TRUNCATE;
        }
        let code = of_file!(file, xTruncate(length));
        if code == ffi::SQLITE_OK {
            state.entries.file(watched.file).set_length(length.unsigned_abs());
        }
        if met == Meets::Nothing { code } else { ffi::SQLITE_IOERR_TRUNCATE }
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    unsafe {
        let watched = watched(file);
        let mut state = watched.inner.state();
        match state.meets(Call::Sync) {
            Meets::Nothing => {}
            // unfinished: power_loss decides
            Meets::NoPower | Meets::Fault(Fault::Power) => return ffi::SQLITE_IOERR_FSYNC,
            Meets::Fault(Fault::Full | Fault::Io) => {
                let mut rng = state.rng.fork();
                state.entries.file(watched.file).sync_failed(&mut rng);
                return ffi::SQLITE_IOERR_FSYNC;
            }
        }
        // the machine's own disk is not asked: what is durable is what is noted here
        state.entries.file(watched.file).sync();
        if mem::take(&mut watched.syncs_folder) && state.entries.sync(watched.inner.folder()).is_err() {
            return ffi::SQLITE_IOERR_DIR_FSYNC;
        }
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn file_control(file: *mut ffi::sqlite3_file, operation: c_int, argument: *mut c_void) -> c_int {
    unsafe {
        if operation == ffi::SQLITE_FCNTL_PRAGMA {
            let words = argument.cast::<*mut c_char>();
            let (name, value) = (*words.add(1), *words.add(2));
            let mut state = watched(file).inner.state();
            if state.weak
                && !name.is_null()
                && !value.is_null()
                && CStr::from_ptr(name).to_bytes().eq_ignore_ascii_case(b"synchronous")
                && CStr::from_ptr(value).to_bytes().eq_ignore_ascii_case(b"FULL")
            {
                // the words are the parser's own copy, read after this call: FULL becomes 1, which is NORMAL
                *value = b'1'.cast_signed();
                *value.add(1) = 0;
                state.weakened += 1;
            }
        }
        of_file!(file, xFileControl(operation, argument))
    }
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    to: *mut *mut c_void,
) -> c_int {
    unsafe {
        if watched(file).inner.state().meets(Call::Map) != Meets::Nothing {
            *to = ptr::null_mut();
            return ffi::SQLITE_IOERR_SHMSIZE;
        }
        of_file!(file, xShmMap(region, size, extend, to))
    }
}

macro_rules! handed_on {
    ($($name:ident => $function:ident($($argument:ident: $type:ty),*);)*) => {$(
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $type)*) -> c_int {
            unsafe { of_file!(file, $function($($argument),*)) }
        }
    )*};
}

handed_on! {
    file_size => xFileSize(size: *mut i64);
    lock => xLock(level: c_int);
    unlock => xUnlock(level: c_int);
    check_reserved_lock => xCheckReservedLock(held: *mut c_int);
    sector_size => xSectorSize();
    device_characteristics => xDeviceCharacteristics();
    shm_lock => xShmLock(offset: c_int, count: c_int, flags: c_int);
    shm_unmap => xShmUnmap(delete: c_int);
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    unsafe {
        if let Some(barrier) = (*(*real(file)).pMethods).xShmBarrier {
            barrier(real(file));
        }
    }
}

macro_rules! of_the_system {
    ($($name:ident => $function:ident($($argument:ident: $type:ty),*);)*) => {$(
        unsafe extern "C" fn $name(vfs: *mut ffi::sqlite3_vfs $(, $argument: $type)*) -> c_int {
            unsafe {
                let own = own(vfs);
                of!(own, $function(own $(, $argument)*))
            }
        }
    )*};
}

of_the_system! {
    access => xAccess(name: *const c_char, flags: c_int, found: *mut c_int);
    full_pathname => xFullPathname(name: *const c_char, length: c_int, full: *mut c_char);
    randomness => xRandomness(length: c_int, to: *mut c_char);
    sleep => xSleep(microseconds: c_int);
    current_time => xCurrentTime(days: *mut f64);
    current_time_int64 => xCurrentTimeInt64(milliseconds: *mut i64);
    get_last_error => xGetLastError(length: c_int, text: *mut c_char);
}
