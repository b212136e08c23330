-- The audit can only grow: the database itself refuses to change or remove a row, whoever asks.
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_actor ON audit (actor, at);

--sqlite CREATE TRIGGER audit_stays_as_written BEFORE UPDATE ON audit
--sqlite BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
--sqlite CREATE TRIGGER audit_stays BEFORE DELETE ON audit
--sqlite BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
-- INSERT OR REPLACE removes the older row without asking the trigger above.
--sqlite CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
--sqlite WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id OR rowid = NEW.rowid)
--sqlite BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

--postgres CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
--postgres BEGIN RAISE EXCEPTION 'the audit is append-only' USING ERRCODE = 'insufficient_privilege'; END $$;
--postgres CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit
--postgres FOR EACH ROW EXECUTE FUNCTION audit_refuses();
--postgres CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
--postgres FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses();
-- In sessions that switch triggers off as replicas do, too.
--postgres ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_stays;
--postgres ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_is_not_emptied;
