//! TLS with rustls, as libpq's `sslmode` means it.
//!
//! Source: PostgreSQL documentation, "SSL Support" of libpq. The algorithms are those of ring. The certificates of
//! the system are those of the operating system's store, so that those that an organisation adds there count.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::UrlError;

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Mode {
    Disable,
    /// TLS if the server does it; `allow` is the same here, so never weaker than asked for.
    #[default]
    Prefer,
    /// TLS, with whomever.
    Require,
    /// TLS with somebody whose certificate is good.
    VerifyCa,
    /// TLS with the host of that name.
    VerifyFull,
}

impl Mode {
    pub(super) fn parse(value: &str) -> Result<Self, String> {
        match value {
            "disable" => Ok(Self::Disable),
            "allow" | "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(format!(
                "cannot be `{value}`: disable, allow, prefer, require, verify-ca and verify-full are known"
            )),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// What tokio-postgres knows of it.
    pub(super) fn config(self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::VerifyCa | Self::VerifyFull => SslMode::Require,
        }
    }
}

/// What a URL says about TLS.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) mode: Mode,
    /// `sslrootcert`: a PEM file, or `system`.
    pub(super) root_certificates: Option<String>,
}

impl Settings {
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, UrlError> {
        let provider = Arc::new(ring::default_provider());
        let check = match (self.mode, &self.root_certificates) {
            // As libpq: with a file of certificates, `require` verifies like `verify-ca`.
            (Mode::VerifyCa, _) | (Mode::Require, Some(_)) => {
                Check::Chain(self.verifier(&provider)?)
            }
            (Mode::VerifyFull, _) => Check::ChainAndName(self.verifier(&provider)?),
            (Mode::Disable | Mode::Prefer | Mode::Require, _) => Check::Nothing,
        };
        let verifier = Arc::new(Verifier {
            check,
            provider: Arc::clone(&provider),
        });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| {
                certificates(None, &error.to_string(), "this is an error of the program")
            })?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }

    fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<WebPkiServerVerifier>, UrlError> {
        let (path, roots) = match self.root_certificates.as_deref() {
            None | Some("system") => (None, system_roots()?),
            Some(path) => (Some(Path::new(path)), file_roots(Path::new(path))?),
        };
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map_err(|error| {
                certificates(path, &error.to_string(), "name a PEM file of certificates")
            })
    }
}

fn certificates(path: Option<&Path>, problem: &str, help: &'static str) -> UrlError {
    UrlError::RootCertificates {
        path: path.map(PathBuf::from),
        problem: problem.to_owned(),
        help,
    }
}

fn system_roots() -> Result<RootCertStore, UrlError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let help = "install the package `ca-certificates`, or name a file: `sslrootcert=FILE`";
        return Err(certificates(
            None,
            "this system has no root certificates",
            help,
        ));
    }
    Ok(roots)
}

fn file_roots(path: &Path) -> Result<RootCertStore, UrlError> {
    let help = "name a PEM file that has the certificate of the server's authority, or `system`";
    let read = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| certificates(Some(path), &format!("cannot be read: {error}"), help))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(read);
    if added == 0 {
        return Err(certificates(Some(path), "has no certificate", help));
    }
    Ok(roots)
}

/// How much of a certificate is looked at.
#[derive(Debug)]
enum Check {
    Nothing,
    Chain(Arc<WebPkiServerVerifier>),
    ChainAndName(Arc<WebPkiServerVerifier>),
}

/// The check of the server's certificate. That the server has its key is proved in every mode.
#[derive(Debug)]
struct Verifier {
    check: Check,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verify = |verifier: &WebPkiServerVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        match &self.check {
            Check::Nothing => Ok(ServerCertVerified::assertion()),
            Check::ChainAndName(verifier) => verify(verifier),
            // The name is looked at last, so a wrong name means that all else is good.
            Check::Chain(verifier) => match verify(verifier) {
                Err(Error::InvalidCertificate(
                    CertificateError::NotValidForName
                    | CertificateError::NotValidForNameContext { .. },
                )) => Ok(ServerCertVerified::assertion()),
                outcome => outcome,
            },
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
