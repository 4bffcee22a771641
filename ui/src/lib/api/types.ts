/** The shapes of `/api/whither/v1`. Times are RFC 3339 in UTC; `to` is exclusive; seconds are numbers. */

export type Verdict =
  | 'in_flight' | 'delivered' | 'filtered' | 'dead_lettered' | 'aborted' | 'expired' | 'deleted' | 'superseded'
  | 'truncated' | 'skipped' | 'failed' | 'not_produced' | 'lost_at_dead_letter' | 'before_start' | 'unread' | 'unknown';
export type Certainty = 'proof' | 'strong' | 'indicative' | 'unknown';
export type ShownAs = 'loss' | 'risk' | 'stuck' | 'dead' | 'dormant' | 'note';
export type Verdicts = Partial<Record<Verdict, number>>;

export interface List<T> { items: T[]; next: string | null }

export interface Totals { records: number; verdicts: Verdicts }
export interface Lost { last_hour: number; last_day: number; all: number }

export interface Status {
  cluster: string; version: string; demo: boolean; started_at: string; at: string; revision: number; caught_up: boolean;
  complete_since: string | null; brokers: number; topics: number; groups: number; records_read: number; residual: number;
  totals: Totals; lost: Lost;
  store: { bytes: number; oldest: string | null; accepting: boolean };
  not_seen: { what: string; why: string; so: string }[];
  problems: { text: string; since: string }[];
}

export interface Round { revision: number; at: string; totals: Totals; lost: Lost; residual: number }

export interface BalanceBy {
  group: string | null; topic: string | null; rows: number; records: number; at_most: boolean; verdicts: Verdicts;
  residual: number; dormant: boolean;
  findings: { loss: number; risk: number; stuck: number; dead: number; note: number };
}

export interface Evidence { kind: string; at: string | null; text: string; source: { plane: string; [what: string]: unknown } }

export interface Finding {
  id: string; shown_as: ShownAs; text: string;
  next: { text: string; command: string | null; before: string | null };
  cluster: string; group: string | null; topic: string; partition: number; from: number; to: number;
  records: number; at_most: boolean; verdict: Verdict; certainty: Certainty; cause: string; cause_certainty: Certainty;
  recoverable: boolean; first_seen: string; last_seen: string; evidence: Evidence[];
  coverage: { commits_complete_since: string | null; read_ratio: number | null } | null;
}

export interface Revision {
  at: string; to: number; records: number; at_most: boolean; verdict: Verdict; certainty: Certainty; cause: string;
  cause_certainty: Certainty; shown_as: ShownAs;
}
export type Drop = Finding & { history?: Revision[] };

export type LagState = 'ok' | 'falling_behind' | 'stalled' | 'stopped' | 'rewound' | 'dormant' | 'unknown';

export interface Lag {
  cluster: string; group: string; topic: string; partition: number; member: string | null; client_id: string | null;
  host: string | null; log_start: number | null; committed: number | null; end: number | null; lag_offsets: number | null;
  lag_records: number | null; lag_seconds: number | null; rate_per_second: number | null;
  catches_up_in_seconds: number | null; loses_data_in_seconds: number | null; state: LagState;
}

export interface LagPoint {
  at: string; committed: number | null; end: number; log_start: number; lag_records: number | null; lag_seconds: number | null;
}
export interface Forecast {
  catches_up_at: string | null; loses_data_at: string | null; log_start_per_second: number | null;
  committed_per_second: number | null; end_per_second: number | null;
}
export interface LagHistory { items: LagPoint[]; forecast: Forecast | null }

export interface Topic {
  topic: string; topic_id: string | null; partitions: number; role: 'normal' | 'dead_letter' | 'retry'; records: number;
  rate_per_second: number | null; retention_ms: number | null; retention_bytes: number | null; compacts: boolean;
  depth: 'ledger' | 'headers'; indexed: boolean; indexed_by: string[]; groups: string[]; lost: number; newest_at: string | null;
}
export interface TopicPartition {
  partition: number; leader: number | null; leader_epoch: number | null; log_start: number; local_start: number | null;
  last_stable: number | null; end: number; records: number; rate_per_second: number | null;
  indexed_from: number | null; indexed_to: number | null;
}
export type TopicDetail = Omit<Topic, 'partitions'> & { partitions: TopicPartition[]; configs: Record<string, string | null> };

export type RangeKind = 'records' | 'hole' | 'aborted' | 'pending' | 'unread' | 'gone';
export interface Range {
  from: number; to: number; records: number; kind: RangeKind; verdict: Verdict | null; certainty: Certainty | null;
  cause: string | null;
}
export interface Ranges {
  from: number; to: number; log_start: number; end: number; committed: number | null; items: Range[]; truncated: boolean;
}

export interface Group {
  group: string; kind: string; state: string; members: number; topics: string[]; partitions: number;
  lag_records: number | null; lag_seconds: number | null; lost: number; dormant: boolean;
  loses_data_in_seconds: number | null; last_commit_at: string | null;
}
export interface Member {
  member_id: string; client_id: string; host: string; assigned: { topic: string; partition: number }[];
}
export interface Committer { member_id: string | null; client_id: string | null; host: string | null; memberless: boolean }
export interface Commit {
  at: string; topic: string; partition: number; offset: number | null; by: Committer; moved: 'forward' | 'back' | 'tombstone';
}
export type GroupDetail = Omit<Group, 'members'> & {
  members: Member[]; positions: Lag[]; commits: Commit[]; findings: Finding[];
};

export interface Header { name: string; value: string | null; base64?: string }
export interface MessageVerdict {
  group: string; verdict: Verdict; cause: string | null; certainty: Certainty; at: string | null; evidence: Evidence[];
}
export interface Step {
  kind: string; plane: string; service: string | null; group: string | null; topic: string; partition: number;
  offset: number; start: string | null; seconds: number | null; seconds_min: number | null; seconds_max: number | null;
  shared_with: number | null; trace_id: string | null; text: string;
}
export interface Message {
  message: {
    cluster: string; topic: string; partition: number; offset: number; timestamp: string | null; append_time: string | null;
    size_bytes: number | null; key_hash: string | null; headers: Header[]; trace_id: string | null;
  } | null;
  verdicts: MessageVerdict[]; steps: Step[]; complete: boolean; text?: string;
  neighbours: { previous: number | null; next: number | null } | null;
}

export interface Found { topic: string; partition: number; offset: number; at: string | null; matched_on: string }
export interface Journeys {
  interpreted: { as: string; value: string; topic?: string }[];
  items: Found[];
  missing: { is: 'not_indexed' | 'indexed_in_part' | 'not_produced'; text: string } | null;
  searched: { topics_indexed: string[]; since: string | null; not_searched: { what: string; why: string }[] };
  next: string | null;
}

export interface DeadLetter {
  topic: string; partition: number; origin: { topic: string; partition: number; offset: number } | null;
  group: string | null; exception: string | null; count: number; first_at: string | null; last_at: string | null;
  certainty: Certainty; finding_id: string | null;
}
