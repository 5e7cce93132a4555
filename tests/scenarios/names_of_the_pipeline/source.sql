-- A table named as the pipeline's own ledger needs another target.
CREATE TABLE pipeline_ledger (id INT PRIMARY KEY);
