//! What a command works with: the [`Ui`], the flags, and what they open.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::GlobalArgs;
use super::error::Error;
use crate::config::env::Environment;
use crate::config::{self, Config};
use crate::exit::Exit;
use crate::present::Output;
use crate::store::records::SyncState;
use crate::store::{self, Address, Location, Mode, RecordId, Store, StoreOptions};
use crate::ui::Ui;
use crate::ui::log::{self, LogFile};
use crate::upstreams::{self, Failure, Registration};

/// One invocation, from its flags on.
#[derive(Debug)]
pub struct Session {
    pub ui: Ui,
    pub globals: GlobalArgs,
    /// That of the last run.
    pub record: Cell<Option<RecordId>>,
}

/// Which commands write to the configured log file. All obey `--log-file`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTo {
    /// Commands that only read.
    FlagOnly,
    /// Commands that change data.
    Configured,
}

/// What a run is made with.
#[derive(Debug)]
pub struct Prepared {
    /// As far as it could be read; the defaults for the rest.
    pub config: Config,
    pub database: Option<Location>,
    /// What went wrong already.
    pub fault: Option<Failure>,
}

impl Session {
    pub const fn new(ui: Ui, globals: GlobalArgs) -> Self {
        Self { ui, globals, record: Cell::new(None) }
    }

    /// Loads the configuration, takes over its language and zone, and starts the log.
    pub fn load_config(&mut self, log_to: LogTo) -> Result<Config, Error> {
        let config = self.read_config()?;
        self.start(&config, log_to)?;
        Ok(config)
    }

    fn read_config(&self) -> Result<Config, config::Error> {
        config::load(self.globals.config.as_deref(), &upstreams::sections(), &Environment::process())
    }

    /// The same for a run, which has to be recorded and reported even where this fails.
    pub fn prepare_run(&mut self) -> Prepared {
        let inspected =
            config::inspect(self.globals.config.as_deref(), &upstreams::sections(), &Environment::process());
        let (config, mistake) = match inspected {
            Ok((config, mistakes)) => (config, mistakes.into_iter().next()),
            // Without it only a flag or a variable says which database is meant.
            Err(error) => {
                let fault = Some(Error::from(error).to_failure());
                return Prepared { config: Config::defaults(), database: self.named_file(None), fault };
            }
        };
        let started = self.start(&config, LogTo::Configured).err();
        let (database, unlocated) = match &mistake {
            // The default may not be what is meant: only a database that is named is.
            Some(_) => (self.named_file(config.settings().database.as_deref()), None),
            None => self.database(&config).map_or_else(|error| (None, Some(error)), |place| (Some(place), None)),
        };
        let fault = mistake.map(Error::from).or(started).or(unlocated);
        Prepared { config, database, fault: fault.map(|error| error.to_failure()) }
    }

    /// The upstreams of a configuration that cannot be read: those that its text names, else those that have run.
    pub fn guess_upstreams(&self, database: Option<&Location>) -> Vec<&'static Registration> {
        let text = config::locate_config(self.globals.config.as_deref(), &Environment::process())
            .and_then(|located| fs::read_to_string(located.path).ok())
            .unwrap_or_default();
        let named: Vec<_> = upstreams::all().filter(|known| config::names_section(&text, known.name)).collect();
        if !named.is_empty() {
            return named;
        }
        let states = self.states(database);
        upstreams::all().filter(|known| states.iter().any(|state| state.sync == known.name)).collect()
    }

    /// Whether the last runs of that sync failed, as far as the database can be read.
    pub fn is_failing(&self, sync: &str, database: Option<&Location>) -> bool {
        self.states(database).iter().any(|state| state.sync == sync && state.consecutive_failures > 0)
    }

    fn states(&self, database: Option<&Location>) -> Vec<SyncState> {
        let store = database.and_then(|place| self.open_existing(place, Mode::ReadOnly).ok().flatten());
        store.and_then(|store| store.load_states().ok()).unwrap_or_default()
    }

    /// The configuration, or the defaults where there is no file yet.
    pub fn config_if_any(&mut self) -> Result<Config, Error> {
        let located = config::locate_config(self.globals.config.as_deref(), &Environment::process());
        let is_missing = located.is_none_or(|located| matches!(located.path.try_exists(), Ok(false)));
        if is_missing { Ok(Config::defaults()) } else { self.load_config(LogTo::FlagOnly) }
    }

    /// Takes over the configuration's language and zone, and starts the log.
    fn start(&mut self, config: &Config, log_to: LogTo) -> Result<(), Error> {
        self.take_over(config)?;
        let log_file = match log_to {
            LogTo::FlagOnly => self.globals.log_file.as_deref().map(|path| log_file(path, config)),
            LogTo::Configured => self.log_file(config),
        };
        Ok(log::start(self.globals.verbose, log_file.as_ref(), self.ui.charset())?)
    }

    /// The database that `--db`, `TONGBU_DB` or this key of the configuration names.
    pub fn named_database(&self, configured: Option<&Path>) -> Result<Option<PathBuf>, config::Error> {
        let named = config::named_database(self.globals.db.as_deref(), configured, &Environment::process())?;
        Ok(named.map(|located| located.path))
    }

    /// The same, as far as it is a file: for a server the rest of the configuration is needed.
    fn named_file(&self, configured: Option<&Path>) -> Option<Location> {
        let path = self.named_database(configured).ok().flatten()?;
        (!config::is_server(&path.to_string_lossy())).then(|| path.into())
    }

    /// The configuration as far as it can be read, and everything that is wrong in the settings.
    pub fn inspect_config(&mut self) -> Result<(Config, Vec<config::Error>), Error> {
        let (config, mut mistakes) = {
            let file = self.globals.config.as_deref();
            config::inspect(file, &upstreams::sections(), &Environment::process())?
        };
        mistakes.extend(self.take_over(&config).err());
        log::start(
            self.globals.verbose,
            self.globals.log_file.as_deref().map(|path| log_file(path, &config)).as_ref(),
            self.ui.charset(),
        )?;
        Ok((config, mistakes))
    }

    fn take_over(&mut self, config: &Config) -> Result<(), config::Error> {
        self.ui.set_language(config.language(self.globals.lang));
        self.ui.set_zone(config.time_zone()?);
        Ok(())
    }

    /// The log file of runs.
    pub fn log_file(&self, config: &Config) -> Option<LogFile> {
        let named = self.globals.log_file.as_deref().or(config.settings().log.file.as_deref());
        named.map(|path| log_file(path, config))
    }

    /// The database, which need not exist.
    pub fn database(&self, config: &Config) -> Result<Location, Error> {
        Self::locate(config.locate_database(self.globals.db.as_deref())?.path, config)
    }

    /// The database at a path, or at the address of a server.
    pub fn locate(path: PathBuf, config: &Config) -> Result<Location, Error> {
        let Some(address) = path.to_str().filter(|text| config::is_server(text)) else { return Ok(path.into()) };
        let password = config.settings().database_password.as_ref();
        let password = password.map(|reference| reference.resolve("database_password")).transpose()?;
        let address = Address::parse(address, password.as_ref()).map_err(store::Error::from)?;
        Ok(Location::Server(Arc::new(address)))
    }

    /// The database, for a command that works on files alone.
    pub fn database_file(&self, config: &Config) -> Result<PathBuf, Error> {
        match self.database(config)? {
            Location::File(path) => Ok(path),
            Location::Server(address) => Err(Error::Usage {
                message: format!("`{address}` is no file"),
                hint: "use the server's own tools, such as `pg_dump` and `pg_restore`".to_owned(),
            }),
        }
    }

    /// Shows what `output` reads from the database, or `empty` where no run has made one yet.
    pub fn output_from_store<O: Output>(
        &mut self,
        mode: Mode,
        empty: &O,
        output: impl FnOnce(&Self, &Config, &Store) -> Result<O, Error>,
    ) -> Result<Exit, Error> {
        let config = self.load_config(LogTo::FlagOnly)?;
        let database = self.database(&config)?;
        match self.open_existing(&database, mode)? {
            Some(store) => self.ui.output(&output(self, &config, &store)?),
            None => self.ui.no_database(&database, empty),
        }
        Ok(Exit::Ok)
    }

    /// Opens the database; `ReadWrite` makes it where it is missing.
    pub fn open(&self, place: &Location, mode: Mode) -> Result<Store, Error> {
        Ok(Store::open(place, self.store_options(mode))?)
    }

    /// How this program opens a database.
    pub fn store_options(&self, mode: Mode) -> StoreOptions {
        StoreOptions { clock: self.ui.clock().clone(), mode, components: upstreams::components() }
    }

    /// Opens the database where it exists; `None` where no run has made one yet.
    pub fn open_existing(&self, place: &Location, mode: Mode) -> Result<Option<Store>, Error> {
        Ok(Store::open_existing(place, self.store_options(mode))?)
    }
}

fn log_file(path: &Path, config: &Config) -> LogFile {
    let settings = &config.settings().log;
    LogFile { path: path.to_owned(), keep: settings.keep.0, max_bytes: settings.max_size.0 }
}
