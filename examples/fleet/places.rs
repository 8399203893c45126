//! Where everything listens: on this machine only.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// How many there are.
pub(crate) const SHOPS: u16 = 3;
const PORT: u16 = 3100;

/// Six addresses.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) desk: SocketAddr,
    pub(crate) shops: Vec<SocketAddr>,
    pub(crate) prometheus: SocketAddr,
    pub(crate) alertmanager: SocketAddr,
}

impl Places {
    /// Returns places in a row from a port on, or free ones from 0 on. Each of them was free a moment ago: programs that are
    /// told where to listen cannot be told to choose.
    pub(crate) fn from(port: Option<&str>) -> Result<Self, String> {
        let first: u16 = match port {
            None => PORT,
            Some(text) => text.parse().map_err(|_| format!("PORT={text:?} is no port: write 0 to 65530"))?,
        };
        // All are held at the same time, so that no two are the same.
        let held: Vec<_> = (0..SHOPS + 3)
            .map(|offset| {
                let port = match first {
                    0 => 0,
                    _ => first
                        .checked_add(offset)
                        .ok_or_else(|| format!("PORT={first} leaves no room for five more"))?,
                };
                let place = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                TcpListener::bind(place).map_err(|error| taken(place, &error))
            })
            .collect::<Result<_, _>>()?;
        let place = |listener: &TcpListener| listener.local_addr().map_err(|error| error.to_string());
        let places: Vec<_> = held.iter().map(place).collect::<Result<_, _>>()?;
        match *places.as_slice() {
            [desk, ref shops @ .., prometheus, alertmanager] => {
                Ok(Self { desk, shops: shops.to_vec(), prometheus, alertmanager })
            }
            _ => Err("there are too few places".to_owned()),
        }
    }

    /// Says what there is to look at and to try.
    pub(crate) fn welcome(&self) -> String {
        let Self { desk, shops, prometheus, alertmanager } = self;
        let shop =
            |(number, shop)| format!("\n  http://{shop}/slo            what shop {number} knows of itself");
        let shops: String = (1..).zip(shops).map(shop).collect();
        format!(
            "\
The desk of the fleet is open at http://{desk}

Look{shops}
  http://{prometheus}/alerts         what Prometheus says of all three together
  http://{alertmanager}/#/alerts       what Alertmanager has been told of it, and what it keeps silent
  http://{desk}/notifications  whom it has told, as JSON; people read it here

Break it: the bank of one shop fails, and with it every checkout there
  curl -X POST 'http://{desk}/break?shop=2'
  curl -X POST http://{desk}/heal

Stop it: Ctrl-C.
"
        )
    }
}

/// Says what to do about a port that is not free.
pub(crate) fn taken(place: SocketAddr, error: &io::Error) -> String {
    format!(
        "cannot listen on {place} ({error}): stop the program that uses it, or choose others with PORT=4100; PORT=0 takes free ones"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_six_in_a_row_or_free_ones() {
        let free = Places::from(Some("0")).expect("there are free ports");
        let mut ports: Vec<_> = free.shops.iter().map(SocketAddr::port).collect();
        ports.extend([free.desk, free.prometheus, free.alertmanager].map(|place| place.port()));
        ports.sort_unstable();
        ports.dedup();
        assert_eq!((free.shops.len(), ports.len()), (3, 6));
        let error = Places::from(Some("65535")).unwrap_err();
        assert!(error.contains("65535"), "{error}");
        let error = Places::from(Some("x")).unwrap_err();
        assert_eq!(error, "PORT=\"x\" is no port: write 0 to 65530");
    }

    #[test]
    fn a_port_that_is_taken_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = taken.local_addr().expect("it is bound").port();
        let error = Places::from(Some(&port.to_string())).unwrap_err();
        assert!(error.starts_with(&format!("cannot listen on 127.0.0.1:{port} (")), "{error}");
        assert!(error.ends_with("PORT=0 takes free ones"), "{error}");
    }
}
