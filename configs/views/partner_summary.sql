-- What each partner's parcels came to, counting every parcel once, in its latest state.
SELECT
  latest.partner_id,
  partner.partner_name,
  COUNT(*) AS parcels,
  SUM(latest.net_price) AS net_price,
  MAX(latest.update_at) AS last_change
FROM {schema}.settlement_normal_delivery_detail_latest AS latest
LEFT JOIN {schema}.partner_info AS partner ON partner.partner_id = latest.partner_id
GROUP BY latest.partner_id, partner.partner_name
