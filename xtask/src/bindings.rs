//! `./dev bindings`: the facade as Kotlin, Swift and Python, made by UniFFI from the built library.

use crate::{
    XtaskError,
    floor::Floor,
    workspace::{Profile, Workspace},
};
use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    fs,
    path::PathBuf,
    process::{Command, ExitCode},
};

/// A language that a shell is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Python,
    Kotlin,
    Swift,
}

impl Language {
    pub(crate) const ALL: [Self; 3] = [Self::Python, Self::Kotlin, Self::Swift];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Kotlin => "kotlin",
            Self::Swift => "swift",
        }
    }
}

/// Where the generated code of a language lies.
pub(crate) fn folder(workspace: &Workspace, language: Language) -> PathBuf {
    workspace.target.join("bindings").join(language.name())
}

/// Where the built library lies.
pub(crate) fn library_folder(workspace: &Workspace, profile: Profile) -> PathBuf {
    workspace.binary(profile, "payung").parent().map(PathBuf::from).unwrap_or_default()
}

/// Makes all three and says where they are.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode, XtaskError> {
    let floor = Floor::new();
    workspace.build(&floor, Profile::Dev)?;
    for language in Language::ALL {
        if !generate(workspace, &floor, Profile::Dev, language)? {
            return Ok(ExitCode::FAILURE);
        }
        println!("{:<7} {}", language.name(), folder(workspace, language).display());
    }
    println!("{:<7} {}", "library", library_folder(workspace, Profile::Dev).join(library()).display());
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn library() -> String {
    format!("{DLL_PREFIX}payung_core{DLL_SUFFIX}")
}

/// Makes the code of one language from the library as built last; what was made before goes. Python's module loads the
/// library from its own folder.
pub(crate) fn generate(
    workspace: &Workspace,
    floor: &Floor,
    profile: Profile,
    language: Language,
) -> Result<bool, XtaskError> {
    let place = folder(workspace, language);
    let failed = |reason| XtaskError::File { path: place.clone(), reason };
    match fs::remove_dir_all(&place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    fs::create_dir_all(&place).map_err(failed)?;
    let library_file = library_folder(workspace, profile).join(library());
    let mut command = Command::new(workspace.binary(profile, "payung-bindgen"));

    command
        .current_dir(&workspace.root)
        .env("CARGO_TARGET_DIR", &workspace.target)
        .arg("generate")
        .arg(&library_file)
        .args(["--config", "bindings/uniffi.toml", "--language", language.name(), "--no-format", "--out-dir"])
        .arg(&place);
    let made = floor.step(&format!("bindings: make {}", language.name()), &mut command)?.success;
    if made && language == Language::Python {
        let beside = place.join(library());
        fs::copy(&library_file, &beside).map_err(|reason| XtaskError::File { path: beside, reason })?;
    }
    Ok(made)
}
