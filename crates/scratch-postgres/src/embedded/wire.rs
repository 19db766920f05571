//! As much of PostgreSQL's protocol as a relay must know: how a connection begins, and how it is refused.
//! Source: PostgreSQL's documentation, "Message Formats".

use std::io::{self, Read, Write};

/// `CancelRequest`, `SSLRequest` and `GSSENCRequest` have these in place of a protocol version.
const CANCEL: u32 = 80_877_102;
const SSL: u32 = 80_877_103;
const GSSENC: u32 = 80_877_104;

/// PostgreSQL itself takes no longer one (`MAX_STARTUP_PACKET_LENGTH`).
const MAX_STARTUP_BYTES: usize = 10_000;

/// How often a client may ask for encryption before it begins: once for each kind.
const MAX_REQUESTS: usize = 2;

/// Reads up to the startup message and gives it back whole; nothing for a cancel request, which the engine does
/// not know. Encryption is declined: nobody can listen in on a private socket.
pub(crate) fn read_startup(stream: &mut (impl Read + Write)) -> io::Result<Option<Vec<u8>>> {
    for _ in 0..=MAX_REQUESTS {
        let mut head = [0; 8];
        stream.read_exact(&mut head)?;
        let [a, b, c, d, code @ ..] = head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        match u32::from_be_bytes(code) {
            CANCEL => return Ok(None),
            SSL | GSSENC => stream.write_all(b"N")?,
            _ if (8..=MAX_STARTUP_BYTES).contains(&length) => {
                let mut message = head.to_vec();
                message.resize(length, 0);
                stream.read_exact(&mut message[8..])?;
                return Ok(Some(message));
            }
            _ => break,
        }
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        "this is not how a PostgreSQL connection begins",
    ))
}

/// An error that ends the connection, as the client's library reports it.
pub(crate) fn fatal(sqlstate: &str, message: &str) -> Vec<u8> {
    let mut fields = Vec::new();
    for (kind, value) in [
        (b'S', "FATAL"),
        (b'V', "FATAL"),
        (b'C', sqlstate),
        (b'M', message),
    ] {
        fields.push(kind);
        fields.extend_from_slice(value.as_bytes());
        fields.push(0);
    }
    fields.push(0);
    let length = u32::try_from(fields.len() + 4).unwrap_or(u32::MAX);
    let mut bytes = vec![b'E'];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&fields);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    struct Script {
        input: Cursor<Vec<u8>>,
        output: Vec<u8>,
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.input.read(buffer)
        }
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.output.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn read(messages: &[&[u8]]) -> (io::Result<Option<Vec<u8>>>, Vec<u8>) {
        let mut script = Script {
            input: Cursor::new(messages.concat()),
            output: vec![],
        };
        let result = read_startup(&mut script);
        (result, script.output)
    }

    const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 210, 22, 47];
    const STARTUP: &[u8] = &[0, 0, 0, 9, 0, 3, 0, 0, 0];

    #[test]
    fn encryption_is_declined_and_the_startup_message_kept_whole() {
        let (result, output) = read(&[SSL_REQUEST, STARTUP]);
        assert_eq!(result.unwrap().unwrap(), STARTUP);
        assert_eq!(output, b"N");
    }

    #[test]
    fn a_cancel_request_is_no_connection() {
        let (result, _) = read(&[&[0, 0, 0, 16, 4, 210, 22, 46], &[0; 8]]);
        assert_eq!(result.unwrap(), None);
    }

    #[test]
    fn what_is_not_postgresql_is_refused_without_reading_on() {
        let (result, _) = read(&[b"GET / HTTP/1.1\r\n\r\n"]);
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::InvalidData);
        let (result, _) = read(&[SSL_REQUEST, SSL_REQUEST, SSL_REQUEST, SSL_REQUEST]);
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
