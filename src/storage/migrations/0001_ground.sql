-- Times are milliseconds since 1970 in UTC; identifiers of our own sort by time (UUID version 7); {words} differ by database.

CREATE TABLE workspaces (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
INSERT INTO workspaces (id, name, created_at) VALUES ('main', 'main', {now});

-- A call belongs to the workspace that owns the called number.
CREATE TABLE numbers (
  number       TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  agent        TEXT
);

-- One person in one workspace, whatever the channel.
CREATE TABLE contacts (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  phone        TEXT NOT NULL,
  name         TEXT,
  document     TEXT,
  language     TEXT,
  version      BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL,
  UNIQUE (workspace_id, phone)
);

CREATE TABLE conversations (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  contact_id   TEXT REFERENCES contacts (id),
  channel      TEXT NOT NULL,
  agent        TEXT NOT NULL,
  state        TEXT NOT NULL,
  started_at   BIGINT NOT NULL,
  last_at      BIGINT NOT NULL
);
CREATE INDEX conversations_by_contact ON conversations (contact_id, last_at);
CREATE INDEX conversations_by_time ON conversations (workspace_id, last_at);

CREATE TABLE messages (
  id              TEXT PRIMARY KEY,
  workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
  conversation_id TEXT NOT NULL REFERENCES conversations (id),
  direction       TEXT NOT NULL,
  body            TEXT NOT NULL,
  intent          TEXT,
  provider_id     TEXT UNIQUE,
  state           TEXT NOT NULL,
  created_at      BIGINT NOT NULL
);
CREATE INDEX messages_by_conversation ON messages (conversation_id, created_at);

-- A call belongs to the process that holds its socket: owner and epoch. Whoever writes must know the epoch.
CREATE TABLE calls (
  sid          TEXT PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  contact_id   TEXT REFERENCES contacts (id),
  agent        TEXT NOT NULL,
  direction    TEXT NOT NULL,
  from_number  TEXT NOT NULL,
  to_number    TEXT NOT NULL,
  account      TEXT NOT NULL,
  state        TEXT NOT NULL,
  outcome      TEXT,
  owner        TEXT,
  epoch        BIGINT NOT NULL,
  heartbeat_at BIGINT,
  resumed_at   BIGINT,
  arrived_at   BIGINT NOT NULL,
  began_at     BIGINT,
  ended_at     BIGINT,
  recording    TEXT,
  replay       TEXT,
  network      TEXT,
  network_seq  BIGINT,
  network_s    BIGINT
);
CREATE INDEX calls_by_time ON calls (workspace_id, id);
CREATE INDEX calls_by_contact ON calls (contact_id, id);
CREATE INDEX calls_open ON calls (heartbeat_at) WHERE state <> 'over';

-- What was said, heard and done in a call, in order; a resumed call goes on under its next epoch.
CREATE TABLE turns (
  call_sid TEXT NOT NULL REFERENCES calls (sid),
  epoch    BIGINT NOT NULL,
  seq      BIGINT NOT NULL,
  kind     TEXT NOT NULL,
  at_ms    BIGINT NOT NULL,
  body     TEXT NOT NULL,
  PRIMARY KEY (call_sid, epoch, seq)
);

-- What one process asks another one to do with a call that the other one holds.
CREATE TABLE call_commands (
  id         {serial},
  call_sid   TEXT NOT NULL REFERENCES calls (sid),
  command    TEXT NOT NULL,
  state      TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX call_commands_open ON call_commands (call_sid) WHERE state = 'asked';

CREATE TABLE appointments (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  contact_id   TEXT REFERENCES contacts (id),
  call_sid     TEXT,
  specialty    TEXT NOT NULL,
  professional TEXT NOT NULL,
  starts_at    BIGINT NOT NULL,
  ends_at      BIGINT NOT NULL,
  zone         TEXT NOT NULL,
  name         TEXT NOT NULL,
  document     TEXT NOT NULL,
  state        TEXT NOT NULL,
  created_at   BIGINT NOT NULL
);
CREATE INDEX appointments_by_professional ON appointments (workspace_id, professional, starts_at);

-- Summaries and other texts about a call: one of each kind.
CREATE TABLE notes (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  contact_id   TEXT REFERENCES contacts (id),
  call_sid     TEXT NOT NULL,
  kind         TEXT NOT NULL,
  text         TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  UNIQUE (call_sid, kind)
);
CREATE INDEX notes_by_contact ON notes (contact_id, id);

-- What came from outside, once for each natural key, with what was answered.
CREATE TABLE inbox (
  id          {serial},
  source      TEXT NOT NULL,
  dedupe_key  TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  payload     {blob},
  response    {blob},
  state       TEXT NOT NULL,
  UNIQUE (source, dedupe_key)
);
CREATE INDEX inbox_by_time ON inbox (received_at);

-- What is to happen outside, once for each key.
CREATE TABLE outbox (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  target       TEXT NOT NULL,
  mode         TEXT NOT NULL,
  dedupe_key   TEXT NOT NULL,
  payload      TEXT NOT NULL,
  state        TEXT NOT NULL,
  tries        BIGINT NOT NULL,
  provider_ref TEXT,
  error        TEXT,
  created_at   BIGINT NOT NULL,
  tried_at     BIGINT,
  sent_at      BIGINT,
  UNIQUE (target, dedupe_key)
);
CREATE INDEX outbox_by_state ON outbox (state, id);

-- Everything that is done later or again. While a job runs, run_at is when its lease ends.
CREATE TABLE jobs (
  id           {serial},
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  kind         TEXT NOT NULL,
  dedupe_key   TEXT NOT NULL UNIQUE,
  order_key    TEXT,
  lane         TEXT,
  payload      TEXT NOT NULL,
  state        TEXT NOT NULL,
  run_at       BIGINT NOT NULL,
  attempts     BIGINT NOT NULL,
  most         BIGINT NOT NULL,
  owner        TEXT,
  epoch        BIGINT NOT NULL,
  error        TEXT,
  created_at   BIGINT NOT NULL,
  done_at      BIGINT
);
CREATE INDEX jobs_due ON jobs (run_at, id) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_in_order ON jobs (order_key, id) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_by_lane ON jobs (lane) WHERE state = 'running';
CREATE INDEX jobs_done ON jobs (done_at) WHERE state IN ('done', 'dead');

CREATE TABLE leases (
  name  TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  until BIGINT NOT NULL
);

CREATE TABLE api_keys (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  name         TEXT NOT NULL,
  hash         {blob} NOT NULL UNIQUE,
  scopes       TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT,
  used_at      BIGINT,
  revoked_at   BIGINT
);

-- Who looked at, changed or exported what.
CREATE TABLE audit (
  id           {serial},
  workspace_id TEXT NOT NULL,
  at           BIGINT NOT NULL,
  who          TEXT NOT NULL,
  what         TEXT NOT NULL,
  object       TEXT NOT NULL
);

-- The state store where there is no Redis.
CREATE TABLE state (
  name  TEXT PRIMARY KEY,
  value {blob} NOT NULL,
  until BIGINT
);
CREATE INDEX state_by_end ON state (until);
