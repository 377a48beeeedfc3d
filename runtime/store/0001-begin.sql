-- The first schema. Times are microseconds since the epoch, lists and objects are JSON text, sealed values are BLOBs
-- that only the vault's keys open. Each table's key begins with the team, so that it can be distributed by it.

CREATE TABLE keys (              -- the vault's data keys, sealed by the master key (which is not in here)
  id TEXT PRIMARY KEY, use TEXT NOT NULL, sealed BLOB NOT NULL, created INTEGER NOT NULL, retired INTEGER
);
CREATE TABLE settings (          -- what an operator set while serving: pauses, overrides of policies
  name TEXT PRIMARY KEY, value TEXT NOT NULL, changed INTEGER NOT NULL, who TEXT
);

CREATE TABLE teams (
  team TEXT PRIMARY KEY, name TEXT NOT NULL, created INTEGER NOT NULL, settings TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE users (             -- role: owner, member, read
  team TEXT NOT NULL REFERENCES teams, uid TEXT NOT NULL, email TEXT NOT NULL, name TEXT NOT NULL DEFAULT '',
  role TEXT NOT NULL, password TEXT, totp BLOB, totp_step INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, disabled INTEGER,
  failed INTEGER NOT NULL DEFAULT 0, locked_until INTEGER NOT NULL DEFAULT 0, invite TEXT,
  PRIMARY KEY (team, uid)
);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE TABLE logins (            -- of the dashboard; hash of the cookie
  hash TEXT PRIMARY KEY, team TEXT NOT NULL, user TEXT NOT NULL, csrf TEXT NOT NULL, created INTEGER NOT NULL,
  seen INTEGER NOT NULL, expires INTEGER NOT NULL, peer TEXT,
  FOREIGN KEY (team, user) REFERENCES users (team, uid) ON DELETE CASCADE
);
CREATE TABLE tokens (            -- of the API; hash of the token, scopes "read write"
  team TEXT NOT NULL REFERENCES teams, uid TEXT NOT NULL, user TEXT, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
  start TEXT NOT NULL, scopes TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER, revoked INTEGER, used INTEGER,
  PRIMARY KEY (team, uid)
);

CREATE TABLE templates (
  team TEXT NOT NULL REFERENCES teams, uid TEXT NOT NULL, user TEXT, portal TEXT NOT NULL UNIQUE, company_name TEXT NOT NULL,
  company_logo TEXT, redirect_uris TEXT NOT NULL DEFAULT '[]', frame_ancestors TEXT NOT NULL DEFAULT '[]',
  settings TEXT NOT NULL DEFAULT '{}', disabled INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  PRIMARY KEY (team, uid)
);
-- Data requests. link: hash of what is in the URL; the token itself is sealed, to show it again. portal: begun by a customer at a template's base_url.
CREATE TABLE forms (
  team TEXT NOT NULL REFERENCES teams, uid TEXT NOT NULL, template TEXT NOT NULL, authorization TEXT, user TEXT,
  customer_email TEXT NOT NULL DEFAULT '', utility TEXT, scope TEXT NOT NULL DEFAULT '{}',
  link TEXT NOT NULL UNIQUE, token BLOB NOT NULL, current TEXT, language TEXT,
  portal INTEGER NOT NULL DEFAULT 0,
  is_archived INTEGER NOT NULL DEFAULT 0, disabled INTEGER NOT NULL DEFAULT 0, expires INTEGER NOT NULL,
  created INTEGER NOT NULL, updated INTEGER NOT NULL,
  PRIMARY KEY (team, uid)
);
CREATE INDEX forms_created ON forms (team, created DESC, uid DESC);
CREATE INDEX forms_shelf ON forms (team, is_archived, created DESC, uid DESC);
CREATE INDEX forms_email ON forms (team, customer_email, created DESC, uid DESC);

CREATE TABLE authorizations (    -- current session, notes and note types as in the API
  team TEXT NOT NULL REFERENCES teams, uid TEXT NOT NULL, form TEXT, template TEXT, user TEXT, customer_email TEXT NOT NULL DEFAULT '',
  utility TEXT NOT NULL, nickname TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL, signature TEXT,
  declined INTEGER, expires TEXT NOT NULL, expires_at INTEGER, expired INTEGER, revoked INTEGER,
  is_archived INTEGER NOT NULL DEFAULT 0, is_test INTEGER NOT NULL DEFAULT 0, scenario TEXT, portal INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'pending', status_message TEXT NOT NULL DEFAULT '', status_ts INTEGER NOT NULL,
  scope TEXT NOT NULL DEFAULT '{}', notes TEXT NOT NULL DEFAULT '[]', session TEXT, error TEXT,
  keep BLOB, receipt TEXT UNIQUE,
  PRIMARY KEY (team, uid)
);
CREATE INDEX authorizations_created ON authorizations (team, created DESC, uid DESC);
CREATE INDEX authorizations_form ON authorizations (team, form, created DESC, uid DESC);
CREATE INDEX authorizations_expiry ON authorizations (expires_at) WHERE expires_at IS NOT NULL AND expired IS NULL AND revoked IS NULL;
CREATE TABLE referrals (
  team TEXT NOT NULL, code TEXT NOT NULL, authorization TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (team, code),
  FOREIGN KEY (team, authorization) REFERENCES authorizations (team, uid) ON DELETE CASCADE
);
CREATE INDEX referrals_authorization ON referrals (team, authorization, created);

CREATE TABLE versions (          -- adapters with all they require, by content hash; live: when it last became so; held: kept out
  hash TEXT PRIMARY KEY, utility TEXT NOT NULL, created INTEGER NOT NULL, live INTEGER, held INTEGER NOT NULL DEFAULT 0,
  manifest TEXT NOT NULL, bytes BLOB NOT NULL
);
CREATE INDEX versions_utility ON versions (utility);
CREATE TABLE adapters (          -- what is live: version for all, canary for share percent of new sessions; retired: since when it is not
  utility TEXT PRIMARY KEY, version TEXT NOT NULL, canary TEXT, share INTEGER NOT NULL DEFAULT 0, before TEXT, changed INTEGER NOT NULL,
  pinned INTEGER NOT NULL DEFAULT 0, retired INTEGER
);
CREATE TABLE reloads (           -- what: live, refused, rollback, canary, withdrawn, released, retired
  uid TEXT PRIMARY KEY, utility TEXT NOT NULL, version TEXT, what TEXT NOT NULL, reason TEXT, place TEXT, ts INTEGER NOT NULL
);
CREATE INDEX reloads_ts ON reloads (ts DESC);
CREATE INDEX reloads_utility ON reloads (utility, ts DESC);

CREATE TABLE sessions (          -- state: queued, running, waiting, answered, ended; human: 0 without a customer; factor: the kind of MFA it met
  team TEXT NOT NULL, uid TEXT NOT NULL UNIQUE, authorization TEXT NOT NULL, utility TEXT NOT NULL, version TEXT NOT NULL,
  state TEXT NOT NULL, challenge TEXT, challenge_id TEXT, challenge_until INTEGER, rejected INTEGER NOT NULL DEFAULT 0,
  answer_note TEXT, used TEXT NOT NULL DEFAULT '[]', used_before TEXT NOT NULL DEFAULT '[]', starts INTEGER NOT NULL DEFAULT 0,
  credential TEXT, digest TEXT, mfa TEXT, human INTEGER NOT NULL DEFAULT 1, factor TEXT, progress TEXT, error TEXT,
  created INTEGER NOT NULL, started INTEGER, asked INTEGER, mailed INTEGER, ended INTEGER,
  credentials BLOB, answer BLOB, parked BLOB, -- last, for what stands behind a large value is read through it
  PRIMARY KEY (team, uid),
  FOREIGN KEY (team, authorization) REFERENCES authorizations (team, uid) ON DELETE CASCADE
);
CREATE INDEX sessions_live ON sessions (state, utility) WHERE state <> 'ended';
CREATE INDEX sessions_credential ON sessions (credential) WHERE state <> 'ended';
CREATE INDEX sessions_until ON sessions (challenge_until) WHERE state = 'waiting';
CREATE INDEX sessions_unmailed ON sessions (asked) WHERE state = 'waiting' AND mailed IS NULL;
CREATE INDEX sessions_authorization ON sessions (team, authorization);
CREATE INDEX sessions_runs ON sessions (ended) WHERE human = 0;
CREATE INDEX sessions_asked ON sessions (utility, asked) WHERE asked IS NOT NULL;
CREATE TABLE kept (              -- sign-ins of ongoing access, sealed: until when, when the meters are read again; factor: the portal asked for it
  team TEXT NOT NULL, authorization TEXT NOT NULL, utility TEXT NOT NULL, credential TEXT, digest TEXT, till INTEGER NOT NULL,
  refreshed INTEGER NOT NULL, next INTEGER, tries INTEGER NOT NULL DEFAULT 0, failed TEXT, factor TEXT, credentials BLOB NOT NULL,
  PRIMARY KEY (team, authorization),
  FOREIGN KEY (team, authorization) REFERENCES authorizations (team, uid) ON DELETE CASCADE
);
CREATE INDEX kept_next ON kept (next, utility) WHERE next IS NOT NULL;
CREATE INDEX kept_till ON kept (till);
CREATE INDEX kept_utility ON kept (utility);
CREATE TABLE attempts (          -- the ledger: per credential, by keyed hash
  credential TEXT PRIMARY KEY, utility TEXT NOT NULL, digest TEXT, failures INTEGER NOT NULL DEFAULT 0, outcome TEXT,
  last INTEGER NOT NULL, locked_until INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE meters (            -- data: contract's shape of a meter
  team TEXT NOT NULL, uid TEXT NOT NULL, authorization TEXT NOT NULL, utility TEXT NOT NULL, account TEXT, service TEXT, search TEXT NOT NULL,
  data TEXT NOT NULL, key TEXT NOT NULL, is_archived INTEGER NOT NULL DEFAULT 0, is_activated INTEGER NOT NULL DEFAULT 0,
  monitoring TEXT, notes TEXT NOT NULL DEFAULT '[]', status TEXT NOT NULL, status_message TEXT NOT NULL, status_ts INTEGER NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (team, uid), UNIQUE (team, authorization, key),
  FOREIGN KEY (team, authorization) REFERENCES authorizations (team, uid) ON DELETE CASCADE
);
CREATE INDEX meters_created ON meters (team, created DESC, uid DESC);
CREATE INDEX meters_authorization ON meters (team, authorization, created DESC, uid DESC);

CREATE TABLE timeline (          -- what happened to a data request, for people: what is a message's name, facts its parameters
  team TEXT NOT NULL, form TEXT, authorization TEXT, ts INTEGER NOT NULL, what TEXT NOT NULL, facts TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX timeline_form ON timeline (team, form, ts);
CREATE INDEX timeline_authorization ON timeline (team, authorization, ts);
CREATE TABLE audit (             -- who saw, sent, revoked what
  team TEXT, ts INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, target TEXT, peer TEXT
);
CREATE INDEX audit_ts ON audit (team, ts DESC);

CREATE TABLE webhooks (
  team TEXT NOT NULL REFERENCES teams, uid TEXT NOT NULL, url TEXT NOT NULL, secret BLOB NOT NULL, types TEXT NOT NULL DEFAULT '[]',
  created INTEGER NOT NULL, disabled INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (team, uid)
);
CREATE TABLE events (
  team TEXT NOT NULL, uid TEXT NOT NULL, type TEXT NOT NULL, ts INTEGER NOT NULL, form TEXT, authorization TEXT, meter TEXT,
  webhook TEXT, target TEXT, is_delivered INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, next INTEGER, status INTEGER, error TEXT,
  PRIMARY KEY (team, uid)
);
CREATE INDEX events_ts ON events (team, ts DESC, uid DESC);
CREATE INDEX events_webhook ON events (team, webhook, ts DESC, uid DESC);
CREATE INDEX events_meter ON events (team, meter) WHERE type = 'meter_created';
CREATE INDEX events_next ON events (next) WHERE next IS NOT NULL;
CREATE TABLE mails (             -- the outbox; state: queued, sent, failed, bounced
  team TEXT NOT NULL, uid TEXT NOT NULL, kind TEXT NOT NULL, recipient TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, html TEXT NOT NULL,
  form TEXT, authorization TEXT, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, next INTEGER, error TEXT,
  created INTEGER NOT NULL, sent INTEGER, PRIMARY KEY (team, uid)
);
CREATE INDEX mails_form ON mails (team, form) WHERE form IS NOT NULL;
CREATE INDEX mails_created ON mails (team, created DESC, uid DESC);
CREATE INDEX mails_next ON mails (next) WHERE next IS NOT NULL;
CREATE TABLE idempotency (       -- an answer to a POST with an Idempotency-Key, for a day
  team TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, status INTEGER NOT NULL, response TEXT NOT NULL, created INTEGER NOT NULL,
  PRIMARY KEY (team, key)
);
CREATE TABLE health (            -- one row an utility, version and hour
  utility TEXT NOT NULL, version TEXT NOT NULL, hour INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, successes INTEGER NOT NULL DEFAULT 0,
  asked INTEGER NOT NULL DEFAULT 0, codes TEXT NOT NULL DEFAULT '{}', asked_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (utility, version, hour)
);
