//! Every `sslmode`, against a relay that does TLS in front of the scratch server.

use std::io::Write;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use revisions::{ConnectError, DatabaseUrl, UrlError};
use tempfile::NamedTempFile;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_postgres::config::Host;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{Database, column, needs_many_connections};

/// A relay with a certificate for `localhost`, and the file of the authority that signed it.
struct Relay {
    port: u16,
    authority: NamedTempFile,
    database: Database,
}

impl Relay {
    async fn start(does_tls: bool) -> Self {
        let (acceptor, authority) = certificate();
        let database = Database::new().await;
        let config = database.url.config().clone();
        let (host, port) = (
            config.get_hosts()[0].clone(),
            config.get_ports().first().copied(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay_port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (host, acceptor) = (host.clone(), does_tls.then(|| acceptor.clone()));
                tokio::spawn(relay(stream, host, port.unwrap_or(5432), acceptor));
            }
        });
        Self {
            port: relay_port,
            authority,
            database,
        }
    }

    /// A URL of the relay.
    fn url(&self, host: &str, parameters: &str) -> DatabaseUrl {
        let config = self.database.url.config();
        let user = config.get_user().unwrap_or("postgres");
        let password = config
            .get_password()
            .map(String::from_utf8_lossy)
            .unwrap_or_default();
        let name = config.get_dbname().unwrap();
        let text = format!(
            "postgresql://{user}:{password}@{host}:{}/{name}?{parameters}",
            self.port
        );
        DatabaseUrl::parse(&text).unwrap()
    }

    fn authority(&self) -> &str {
        self.authority.path().to_str().unwrap()
    }
}

fn certificate() -> (TlsAcceptor, NamedTempFile) {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(authority.pem().as_bytes()).unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}

/// Answers the request for TLS as a PostgreSQL does, and passes on all else.
async fn relay(mut stream: TcpStream, host: Host, port: u16, acceptor: Option<TlsAcceptor>) {
    let mut head = [0; 8];
    stream.peek(&mut head).await.unwrap();
    let asks_for_tls = head[4..] == 80_877_103_u32.to_be_bytes();
    if !asks_for_tls {
        return pass(&mut stream, &host, port).await;
    }
    stream.read_exact(&mut head).await.unwrap();
    match acceptor {
        None => {
            stream.write_all(b"N").await.unwrap();
            pass(&mut stream, &host, port).await;
        }
        Some(acceptor) => {
            stream.write_all(b"S").await.unwrap();
            if let Ok(mut stream) = acceptor.accept(stream).await {
                pass(&mut stream, &host, port).await;
            }
        }
    }
}

async fn pass(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), host: &Host, port: u16) {
    // Either end may have gone.
    let _ = match host {
        Host::Tcp(name) => {
            let mut server = TcpStream::connect((name.as_str(), port)).await.unwrap();
            copy_bidirectional(stream, &mut server).await
        }
        #[cfg(unix)]
        Host::Unix(dir) => {
            let path = dir.join(format!(".s.PGSQL.{port}"));
            let mut server = tokio::net::UnixStream::connect(path).await.unwrap();
            copy_bidirectional(stream, &mut server).await
        }
    };
}

async fn works(url: &DatabaseUrl) {
    let client = url
        .connect("test")
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(column(&client, "select 1").await, ["1"]);
}

#[tokio::test]
async fn modes_that_do_not_verify_take_any_certificate() {
    needs_many_connections!();
    let relay = Relay::start(true).await;
    for mode in ["disable", "allow", "prefer", "require"] {
        works(&relay.url("127.0.0.1", &format!("sslmode={mode}"))).await;
    }
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_taken_under_its_name() {
    needs_many_connections!();
    let relay = Relay::start(true).await;
    let root = format!("sslrootcert={}", relay.authority());
    works(&relay.url("localhost", &format!("sslmode=verify-full&{root}"))).await;
    works(&relay.url("localhost", &format!("sslmode=verify-ca&{root}"))).await;
    // verify-ca does not look at the name; nor does require, which verifies if it has something to verify with.
    works(&relay.url("127.0.0.1", &format!("sslmode=verify-ca&{root}"))).await;
    works(&relay.url("127.0.0.1", &format!("sslmode=require&{root}"))).await;
    let url = relay.url("127.0.0.1", &format!("sslmode=verify-full&{root}"));
    let error = url.connect("test").await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("use the host name that is in the certificate"),
        "{error}"
    );
}

#[tokio::test]
async fn a_certificate_of_a_stranger_is_refused() {
    needs_many_connections!();
    let (relay, other) = (Relay::start(true).await, Relay::start(true).await);
    let root = format!("sslrootcert={}", other.authority());
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = relay.url("localhost", &format!("sslmode={mode}&{root}"));
        let error = url.connect("test").await.unwrap_err();
        assert!(
            matches!(error, ConnectError::Tls { .. }),
            "{mode}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_wanted() {
    needs_many_connections!();
    let relay = Relay::start(false).await;
    works(&relay.url("localhost", "sslmode=prefer")).await;
    works(&relay.url("localhost", "sslmode=allow")).await;
    let error = relay
        .url("localhost", "sslmode=require")
        .connect("test")
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::NoTls {
                mode: "require",
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn a_file_of_certificates_that_is_none_is_refused() {
    let empty = NamedTempFile::new().unwrap();
    for file in ["/no/such/file.pem", empty.path().to_str().unwrap()] {
        let url = format!("postgresql://h/d?sslmode=verify-full&sslrootcert={file}");
        let error = DatabaseUrl::parse(&url).unwrap().tls().err().unwrap();
        assert!(
            matches!(error, UrlError::RootCertificates { .. }),
            "{error:?}"
        );
    }
}
