//! Messages as mail, by SMTP.

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::extension::ClientId;
use lettre::{Message, SmtpTransport, Transport as _};
use url::Url;

use super::error::{Error, TIMEOUT};
use crate::config::{Notify, bounds};
use crate::secret::Secret;
use crate::store::HOST;

/// Further tries after the first, where the server may take the mail later.
const RETRIES: u32 = 1;

/// What a mail needs besides its text.
pub struct Mail {
    from: Mailbox,
    to: Vec<Mailbox>,
    transport: SmtpTransport,
}

impl Mail {
    /// The address is `smtps://user:password@host`, or `smtp://…?tls=required`; without TLS only without a password.
    pub fn open(address: &Secret, notify: &Notify, key: &str) -> Result<Self, Error> {
        let url = Url::parse(address.expose()).map_err(|_| Error::Address)?;
        if let Some(password) = url.password() {
            remember(password);
            let is_protected =
                url.scheme() == "smtps" || url.query_pairs().any(|pair| pair == ("tls".into(), "required".into()));
            if !is_protected && !bounds::is_loopback(&url) {
                return Err(Error::Mail("a password needs `smtps://` or `?tls=required`".to_owned()));
            }
        }
        let from = notify.from.as_deref().ok_or_else(|| Error::Incomplete(format!("{key}.from"), "the sender"))?;
        if notify.to.is_empty() {
            return Err(Error::Incomplete(format!("{key}.to"), "at least one receiver"));
        }
        let builder = SmtpTransport::from_url(address.expose()).map_err(|_| Error::Address)?;
        Ok(Self {
            from: mailbox(from)?,
            to: notify.to.iter().map(|to| mailbox(to)).collect::<Result<_, _>>()?,
            transport: builder.hello_name(ClientId::Domain(HOST.clone())).timeout(Some(TIMEOUT)).build(),
        })
    }

    /// Whether the server lets us in. Blocks as [`send`](Self::send) does.
    pub fn verify(self) -> Result<(), Error> {
        match self.transport.test_connection() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Unconfirmed),
            Err(error) => Err(Error::Smtp(error)),
        }
    }

    /// Blocks, for a few times the timeout at most. The first line is the subject.
    pub fn send(self, text: &str) -> Result<(), Error> {
        let subject = text.lines().next().unwrap_or_default();
        let mut builder = Message::builder().from(self.from).subject(subject).header(ContentType::TEXT_PLAIN);
        for to in self.to {
            builder = builder.to(to);
        }
        let message = builder.body(text.to_owned()).map_err(|error| Error::Mail(error.to_string()))?;
        let mut tries = 0;
        loop {
            match self.transport.send(&message) {
                Ok(_) => return Ok(()),
                Err(error) if error.is_permanent() || tries == RETRIES => return Err(Error::Smtp(error)),
                Err(_) => tries += 1,
            }
        }
    }
}

fn mailbox(text: &str) -> Result<Mailbox, Error> {
    text.parse().map_err(|error| Error::Mail(format!("`{text}` is not a mail address: {error}")))
}

/// The password in both of its forms must not be shown.
fn remember(password: &str) {
    let encoded = password.replace('+', "%2B");
    let decoded = url::form_urlencoded::parse(encoded.as_bytes()).map(|(name, _)| name.into_owned());
    for form in decoded.chain([password.to_owned()]) {
        drop(Secret::new(form));
    }
}
