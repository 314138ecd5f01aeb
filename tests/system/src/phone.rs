//! A phone as a process: `payung-phone`, spoken to in lines of JSON.

use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// Where a phone's files lie and what opens them.
#[derive(Clone)]
pub struct PhoneFiles {
    /// Its folder: everything in it must be unreadable to others.
    pub folder: PathBuf,
    /// The list of what it printed as saved, outside the folder.
    pub saved: PathBuf,
    /// What it wrote to standard error, outside the folder.
    pub log: PathBuf,
    /// Its database key.
    pub key: [u8; 32],
}

impl PhoneFiles {
    /// The files of the phone `name` under `folder`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn under(folder: &Path, name: &str, key: [u8; 32]) -> io::Result<Self> {
        let store = folder.join(name);
        fs::create_dir_all(&store)?;
        Ok(Self {
            folder: store,
            saved: folder.join(format!("{name}.saved.log")),
            log: folder.join(format!("{name}.log")),
            key,
        })
    }

    /// What the phone printed as saved, in order. A line cut by a kill was not printed.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn saved(&self) -> io::Result<Vec<Value>> {
        let text = match fs::read_to_string(&self.saved) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            text => text?,
        };
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}

/// Why a phone did not answer as hoped.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// It could not be started or spoken to.
    #[error("the phone cannot be run: {0}")]
    Io(#[from] io::Error),
    /// It said no.
    #[error("the phone refused: {code}{}", listed(fields))]
    Refused {
        /// Stable code.
        code: String,
        /// For a form: field and code.
        fields: Vec<(String, String)>,
    },
    /// It ended before it answered.
    #[error("the phone ended")]
    Gone,
    /// It neither answered nor ended.
    #[error("the phone did not answer")]
    Silent,
}

fn listed(fields: &[(String, String)]) -> String {
    fields.iter().fold(String::new(), |all, (field, code)| format!("{all} {field}: {code}"))
}

/// Longer than anything a phone does in the tests: an answer that takes longer is a defect.
const PATIENCE: Duration = Duration::from_secs(180);

/// A running phone. Dropping it kills it.
pub struct Phone {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Phone {
    /// Starts the phone and waits until its store is open.
    ///
    /// # Errors
    /// [`PhoneError::Refused`] with the store's reason: `wrong_key`, `newer_schema`, `damaged` …
    pub fn start(program: &Path, files: &PhoneFiles, arguments: &[&str]) -> Result<Self, PhoneError> {
        let mut phone = Self::launch(program, files, arguments, &[])?;
        phone.answer()?;
        Ok(phone)
    }

    /// Starts the phone without waiting: what it answers first is how its store opened.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn launch(
        program: &Path,
        files: &PhoneFiles,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Self, PhoneError> {
        let log = File::options().create(true).append(true).open(&files.log)?;
        let mut child = Command::new(program)
            .arg("--folder")
            .arg(&files.folder)
            .arg("--saved")
            .arg(&files.saved)
            .args(arguments)
            .env("PAYUNG_PHONE_KEY", hex::encode(files.key))
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or(PhoneError::Gone)?;
        let (sender, answers) = channel();
        thread::spawn(move || {
            // a line without its end was cut by the kill: it was not printed
            let mut reader = BufReader::new(output);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 0) && line.ends_with('\n') {
                if sender.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, input, answers })
    }

    /// One command, one answer.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub fn ask(&mut self, command: &Value) -> Result<Value, PhoneError> {
        self.tell(command)?;
        self.answer()
    }

    /// A command, its answer to be fetched later.
    ///
    /// # Errors
    /// The phone is gone.
    pub fn tell(&mut self, command: &Value) -> Result<(), PhoneError> {
        let input = self.input.as_mut().ok_or(PhoneError::Gone)?;
        writeln!(input, "{command}").map_err(|_| PhoneError::Gone)
    }

    /// The next answer.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub fn answer(&mut self) -> Result<Value, PhoneError> {
        self.answer_within(PATIENCE)
    }

    /// The next answer, if it comes in time.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub fn answer_within(&mut self, patience: Duration) -> Result<Value, PhoneError> {
        let line = self.answers.recv_timeout(patience).map_err(|error| match error {
            RecvTimeoutError::Timeout => PhoneError::Silent,
            RecvTimeoutError::Disconnected => PhoneError::Gone,
        })?;
        let mut answer: Value = serde_json::from_str(&line).map_err(io::Error::from)?;
        if let Some(refusal) = answer.get("error") {
            let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
            let fields = refusal["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
            return Err(PhoneError::Refused {
                code: text(refusal, "code"),
                fields: fields.iter().map(|field| (text(field, "field"), text(field, "code"))).collect(),
            });
        }
        Ok(answer["ok"].take())
    }

    /// SIGKILL, then whatever it had still printed.
    ///
    /// # Errors
    /// It cannot be killed.
    pub fn kill(mut self) -> Result<Vec<Value>, PhoneError> {
        self.child.kill()?;
        self.child.wait()?;
        // ends when the reader has seen the end of the pipe
        Ok(self.answers.iter().filter_map(|line| serde_json::from_str(&line).ok()).collect())
    }

    /// Ends it as a person would, by leaving.
    ///
    /// # Errors
    /// It did not end well.
    pub fn close(mut self) -> Result<(), PhoneError> {
        self.ask(&json!({"do": "close"}))?;
        self.wait().map(drop)
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn wait(&mut self) -> Result<ExitStatus, PhoneError> {
        self.input = None;
        Ok(self.child.wait()?)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        // it may have ended already
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
