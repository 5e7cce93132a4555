-- How many parcels are in which state, and since when.
SELECT
  latest_status,
  COUNT(*) AS parcels,
  SUM(net_price) AS net_price,
  MIN(update_at) AS oldest_change,
  MAX(update_at) AS newest_change
FROM {schema}.settlement_normal_delivery_detail_latest
GROUP BY latest_status
