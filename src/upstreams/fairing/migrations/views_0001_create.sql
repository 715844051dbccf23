-- Written so that no index fits: reading the table in its own order is faster than looking up nearly every row.
CREATE VIEW v_questions AS
SELECT account, id, type, prompt, customer_type, frequency_type, allow_other, max_responses, submit_text, published_at,
    inserted_at, updated_at, first_seen_at, last_changed_at, last_seen_record
FROM fairing_questions
WHERE COALESCE(deleted_at, '') = '';

CREATE VIEW v_responses AS
SELECT account, id, question_id, question_type, response, response_id, other, other_response, customer_id, email, order_id,
    order_number, order_total, order_total_usd, order_currency_code, utm_source, utm_medium, utm_campaign,
    response_provided_at, inserted_at, updated_at, first_seen_at, last_changed_at, last_seen_record
FROM fairing_responses
WHERE COALESCE(deleted_at, '') = '';
