"""The definitions of the three settlement tables."""

DELIVERY = "settlement_normal_delivery_detail"
CLAIM = "settlement_claim_detail"
PARTNER = "partner_info"

SERVICE_TYPES = ("STANDARD", "EXPRESS", "ECONOMY", "RETURN")
CLAIM_TYPES = ("LOST", "DAMAGED", "DELAYED", "OVERCHARGED")

_DELIVERY = f"""
CREATE TABLE {DELIVERY} (
  ID BIGINT NOT NULL AUTO_INCREMENT,
  billing_num VARCHAR(64) NOT NULL,
  partner_id INT NOT NULL,
  partner_name VARCHAR(128) NULL,
  ant_parcel_no VARCHAR(64) NOT NULL,
  waybill_no VARCHAR(64) NULL,
  latest_status VARCHAR(32) NOT NULL,
  status_code SMALLINT UNSIGNED NOT NULL,
  status_note VARCHAR(255) NULL,
  event_seq TINYINT UNSIGNED NOT NULL,
  service_type ENUM({", ".join(f"'{name}'" for name in SERVICE_TYPES)}) NOT NULL,
  order_id BIGINT UNSIGNED NOT NULL,
  customer_id BIGINT NULL,
  route_id BIGINT NULL,
  origin_station_id INT UNSIGNED NOT NULL,
  destination_station_id INT UNSIGNED NULL,
  driver_id INT NULL,
  zone_id SMALLINT NOT NULL,
  attempt_count SMALLINT NOT NULL DEFAULT 0,
  weight_g MEDIUMINT UNSIGNED NULL,
  length_mm SMALLINT UNSIGNED NULL,
  width_mm SMALLINT UNSIGNED NULL,
  height_mm SMALLINT UNSIGNED NULL,
  transit_seconds INT NULL,
  is_cod TINYINT(1) NOT NULL DEFAULT 0,
  is_returned TINYINT(1) NULL,
  temperature_c TINYINT NULL,
  net_price DECIMAL(15,4) NOT NULL,
  base_price DECIMAL(15,4) NOT NULL,
  fuel_surcharge DECIMAL(12,4) NULL,
  remote_surcharge DECIMAL(12,4) NULL,
  discount DECIMAL(12,4) NULL,
  cod_amount DECIMAL(18,2) NULL,
  insurance_fee DECIMAL(10,2) NULL,
  tax_rate DECIMAL(7,6) NOT NULL,
  tax_amount DECIMAL(15,4) NOT NULL,
  exchange_rate DECIMAL(20,10) NULL,
  currency CHAR(3) NOT NULL,
  receiver_name VARCHAR(128) NULL,
  receiver_city VARCHAR(64) NULL,
  postcode VARCHAR(16) NULL,
  latitude DOUBLE NULL,
  longitude DOUBLE NULL,
  remarks TEXT NULL,
  billing_date DATE NULL,
  picked_up_at DATETIME(6) NULL,
  scanned_at DATETIME(6) NOT NULL,
  delivered_at DATETIME NULL,
  settled_at TIMESTAMP NULL DEFAULT NULL,
  create_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  update_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (ID),
  KEY idx_update_at (update_at, ID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
"""

_CLAIM = f"""
CREATE TABLE {CLAIM} (
  ID BIGINT NOT NULL AUTO_INCREMENT,
  claim_no VARCHAR(40) NOT NULL,
  billing_num VARCHAR(64) NOT NULL,
  ant_parcel_no VARCHAR(64) NOT NULL,
  partner_id INT NOT NULL,
  claim_type ENUM({", ".join(f"'{name}'" for name in CLAIM_TYPES)}) NOT NULL,
  claim_status VARCHAR(32) NOT NULL,
  claim_amount DECIMAL(15,4) NOT NULL,
  approved_amount DECIMAL(15,4) NULL,
  deducted_amount DECIMAL(15,4) NOT NULL DEFAULT 0,
  tax_amount DECIMAL(15,4) NULL,
  currency CHAR(3) NOT NULL,
  is_approved TINYINT(1) NULL,
  evidence_count INT UNSIGNED NOT NULL DEFAULT 0,
  reason TEXT NULL,
  occurred_on DATE NOT NULL,
  create_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  update_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (ID),
  KEY idx_update_at (update_at, ID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
"""

# Small, and without the time of a row's change: replicated as a whole.
_PARTNER = f"""
CREATE TABLE {PARTNER} (
  partner_id INT NOT NULL,
  partner_code VARCHAR(32) NOT NULL,
  partner_name VARCHAR(128) NOT NULL,
  contact_name VARCHAR(128) NULL,
  contact_email VARCHAR(255) NULL,
  country_code CHAR(2) NOT NULL,
  is_active TINYINT(1) NOT NULL,
  credit_limit DECIMAL(18,2) NULL,
  commission_rate DECIMAL(7,6) NOT NULL,
  contract_start DATE NOT NULL,
  contract_end DATE NULL,
  note TEXT NULL,
  PRIMARY KEY (partner_id),
  UNIQUE KEY uk_partner_code (partner_code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
"""

DEFINITIONS = {DELIVERY: _DELIVERY, CLAIM: _CLAIM, PARTNER: _PARTNER}
