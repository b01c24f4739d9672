-- What the network says of a call whose announcement still lies on the disk of another node: it is applied when that arrives.
CREATE TABLE early_news (
    id {serial},
    call_sid TEXT NOT NULL,
    body TEXT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE INDEX early_news_by_call ON early_news (call_sid);
