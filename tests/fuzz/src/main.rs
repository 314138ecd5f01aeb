//! libFuzzer over the target that `PAYUNG_FUZZ_TARGET` names, its seeds put into the folder `PAYUNG_FUZZ_SEEDS` first.
//! Without a target it prints their names. Built and called by `./dev fuzz`.
#![no_main]
#![allow(clippy::print_stdout, reason = "the names are its output")]

use libfuzzer_sys::fuzz_target;
use payung_fuzz::{TARGETS, Target, target_named};
use std::{env, fs, path::Path, process, sync::LazyLock};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let Ok(name) = env::var("PAYUNG_FUZZ_TARGET") else {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        process::exit(0);
    };
    let target = target_named(&name).expect("PAYUNG_FUZZ_TARGET names a target");
    if let Some(folder) = env::var_os("PAYUNG_FUZZ_SEEDS") {
        for (number, seed) in (target.seeds)().into_iter().enumerate() {
            fs::write(Path::new(&folder).join(format!("seed-{number}")), seed).expect("the seeds' folder");
        }
    }
    target
});

fuzz_target!(init: { LazyLock::force(&TARGET); }, |data: &[u8]| {
    (TARGET.run)(&data[..data.len().min(TARGET.longest)]);
});
